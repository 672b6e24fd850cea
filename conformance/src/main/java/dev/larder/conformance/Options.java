package dev.larder.conformance;

import dev.larder.CacheListener;
import dev.larder.HttpCache;
import dev.larder.policy.CachePolicy;
import dev.larder.storage.Storage;
import dev.larder.storage.StorageSpec;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;

/** The gateway's command line. */
record Options(
        InetSocketAddress listen,
        URI origin,
        String client,
        boolean shared,
        String storage,
        boolean letterOfRfc,
        boolean log) {
    private static final String CLIENTS = "jdk, jdk-async, okhttp, apache, apache-async, spring or webclient";

    static final String USAGE = "usage: gateway --listen HOST:PORT --origin URL"
            + " [--client jdk|jdk-async|okhttp|apache|apache-async|spring|webclient]"
            + " [--mode private|shared] [--storage SPEC] [--letter-of-rfc] [--log]";

    /**
     * Reads the command line.
     *
     * @throws IllegalArgumentException with a message for the user
     */
    static Options parse(String... args) {
        InetSocketAddress listen = null;
        URI origin = null;
        String client = "jdk";
        String mode = "private";
        String storage = "memory:";
        boolean letterOfRfc = false;
        boolean log = false;
        for (int i = 0; i < args.length; i++) {
            switch (args[i]) {
                case "--listen" -> listen = address(value(args, ++i));
                case "--origin" -> origin = origin(value(args, ++i));
                case "--client" -> client = value(args, ++i);
                case "--mode" -> mode = value(args, ++i);
                case "--storage" -> storage = value(args, ++i);
                case "--letter-of-rfc" -> letterOfRfc = true;
                case "--log" -> log = true;
                default -> throw new IllegalArgumentException("unknown option " + args[i]);
            }
        }
        if (listen == null || origin == null) {
            throw new IllegalArgumentException("--listen and --origin are needed");
        }
        if (!mode.equals("private") && !mode.equals("shared")) {
            throw new IllegalArgumentException("--mode is private or shared, not " + mode);
        }
        return new Options(listen, origin, client, mode.equals("shared"), storage, letterOfRfc, log);
    }

    private static String value(String[] args, int at) {
        if (at == args.length) {
            throw new IllegalArgumentException(args[at - 1] + " needs a value");
        }
        return args[at];
    }

    private static InetSocketAddress address(String text) {
        int colon = text.lastIndexOf(':');
        try {
            return new InetSocketAddress(text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
        } catch (IndexOutOfBoundsException | NumberFormatException e) {
            throw new IllegalArgumentException("--listen wants HOST:PORT, not " + text, e);
        }
    }

    private static URI origin(String text) {
        URI uri = URI.create(text.endsWith("/") ? text.substring(0, text.length() - 1) : text);
        if (!"http".equals(uri.getScheme()) || uri.getHost() == null) {
            throw new IllegalArgumentException("--origin wants an http URL, not " + text);
        }
        return uri;
    }

    private CachePolicy policy() {
        CachePolicy.Builder policy = shared ? CachePolicy.sharedCache() : CachePolicy.privateCache();
        if (letterOfRfc) {
            // What the standard allows and Larder leaves off by default.
            policy.heuristics(true).staleWhenDisconnected(Duration.ofDays(1)).storeSetCookie(true);
            if (shared) {
                // For the newer versions of the suite (RFC 9213).
                policy.targetedFields("CDN-Cache-Control");
            }
        }
        return policy.build();
    }

    private Storage openStorage() throws IOException {
        // The suite's stored responses are alive all at once, several to each test.
        return StorageSpec.parse(storage.equals("memory:") ? "memory:?maxEntries=100000" : storage)
                .open();
    }

    ClientUnderTest openClient(CacheListener listener) throws IOException {
        HttpCache cache = HttpCache.builder()
                .storage(openStorage())
                .policy(policy())
                .listener(listener)
                .build();
        return switch (client) {
            case "jdk" -> new JdkClient(cache, origin, false);
            case "jdk-async" -> new JdkClient(cache, origin, true);
            case "okhttp" -> new OkHttp(cache, origin);
            case "apache" -> new ApacheClassic(cache, origin);
            case "apache-async" -> new ApacheAsync(cache, origin);
            case "spring" -> new SpringRestClient(cache, origin);
            case "webclient" -> new SpringWebClient(cache, origin);
            default -> throw new IllegalArgumentException("--client is " + CLIENTS + ", not " + client);
        };
    }
}
