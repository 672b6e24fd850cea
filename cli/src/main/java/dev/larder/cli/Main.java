package dev.larder.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The {@code larder} command. */
@Command(
        name = "larder",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        description = "An HTTP cache that follows RFC 9111, on the command line.",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "  0:done",
            "  1:the demo did not go as it should, or a bug",
            "  2:the command line is wrong",
            "  3:the origin cannot be reached, or its answer broke off",
            "  4:the storage cannot be opened, read or written, or the entry is damaged",
            "  5:nothing is stored that was asked for",
            "  6:the output cannot be written",
            " 22:get --fail, and the status is 400 or more",
            "130:interrupted",
            "141:nobody reads the output any more"
        },
        footer = {"", "Begin with: larder demo"})
public final class Main {
    private static final Map<String, Function<Console, Object>> COMMANDS = Map.of(
            "demo", DemoCommand::new,
            "get", GetCommand::new,
            "explain", ExplainCommand::new,
            "ls", LsCommand::new,
            "show", ShowCommand::new,
            "rm", RmCommand::new,
            "stats", StatsCommand::new,
            "copy", CopyCommand::new,
            "verify", VerifyCommand::new);

    /** In the order of the help. */
    private static final String[] NAMES = {"demo", "get", "explain", "ls", "show", "rm", "stats", "copy", "verify"};

    private Main() {}

    /** Runs a command and ends the process with its exit code. */
    public static void main(String[] args) {
        // Not a plain return: the threads of clients and servers may still be about.
        System.exit(run(Console.ofProcess(), args));
    }

    /** Runs a command; answers its exit code. */
    static int run(Console console, String... args) {
        try {
            int code = execute(console, args);
            console.flush();
            return code;
        } catch (OutputFailure e) {
            return outputFailed(console, e);
        } catch (OutOfMemoryError e) {
            console.complain("out of memory; give Java more with JAVA_TOOL_OPTIONS=-Xmx…");
            return ExitCode.INTERNAL;
        }
    }

    private static int execute(Console console, String... args) {
        CommandLine larder = new CommandLine(new Main());
        // Reading the options of every command would take longer than the command.
        Function<Console, Object> only = args.length == 0 ? null : COMMANDS.get(args[0]);
        for (String name : NAMES) {
            Function<Console, Object> command = COMMANDS.get(name);
            if (command != null && (only == null || only == command)) {
                larder.addSubcommand(command.apply(console));
            }
        }
        PrintWriter out = new PrintWriter(new ConsoleWriter(console), false);
        larder.setOut(out).setErr(console.err());
        larder.registerConverter(Duration.class, new Durations());
        larder.setParameterExceptionHandler((e, arguments) -> misused(console, e));
        larder.setExecutionExceptionHandler((e, command, result) -> {
            try {
                return failed(console, e);
            } catch (OutputFailure failure) {
                return outputFailed(console, failure);
            }
        });
        larder.setUsageHelpWidth(Math.max(60, Math.min(100, console.columns())));
        if (args.length == 0) {
            larder.usage(out);
            return ExitCode.OK;
        }
        return larder.execute(args);
    }

    private static int misused(Console console, ParameterException e) {
        CommandLine command = e.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        String message = e.getMessage();
        boolean unknownCommand = command.getParent() == null
                && e instanceof UnmatchedArgumentException unmatched
                && !unmatched.isUnknownOption();
        if (unknownCommand) {
            message = "unknown command '"
                    + ((UnmatchedArgumentException) e).getUnmatched().get(0) + "'";
        }
        console.complain(message + "; try " + name + " --help");
        return ExitCode.USAGE;
    }

    private static int failed(Console console, Exception e) {
        if (e instanceof OutputFailure failure) {
            throw failure;
        }
        if (e instanceof CommandFailure failure) {
            console.flush();
            console.complain(String.valueOf(failure.getMessage()));
            return failure.exitCode();
        }
        console.complain("internal error: " + e + "; set LARDER_DEBUG=1 to see where, and please report it");
        if (System.getenv("LARDER_DEBUG") != null) {
            e.printStackTrace(console.err());
        }
        return ExitCode.INTERNAL;
    }

    private static int outputFailed(Console console, OutputFailure e) {
        if (e.isBrokenPipe()) {
            return ExitCode.BROKEN_PIPE;
        }
        console.complain("cannot write the output: " + e.getMessage());
        return ExitCode.OUTPUT;
    }

    /** The version of this build. */
    static String version() {
        @Nullable String version = Main.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    /** For {@code --version}. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"larder " + version()};
        }
    }
}
