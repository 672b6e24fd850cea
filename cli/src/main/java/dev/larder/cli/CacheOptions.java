package dev.larder.cli;

import dev.larder.http.HttpFields;
import dev.larder.policy.CachePolicy;
import java.util.List;
import picocli.CommandLine.Option;

/** The options of every command that uses a cache: where it is, and how it judges what is in it. */
final class CacheOptions {
    @Option(
            names = "--storage",
            paramLabel = "SPEC",
            description =
                    "Where responses are kept: file:PATH, memory:, sqlite:PATH, redis://HOST:PORT, s3://BUCKET/PREFIX."
                            + " Default: files in the user's cache directory.")
    private String storage = "file:";

    @Option(names = "--shared", description = "Decide as a shared cache does, such as one in a proxy.")
    private boolean shared;

    @Option(names = "--private", description = "Decide as a cache of one user does. This is the default.")
    private boolean notShared;

    @Option(names = "--heuristics", description = "Guess a lifetime from Last-Modified where the response gives none.")
    private boolean heuristics;

    @Option(
            names = "--targeted",
            paramLabel = "FIELD",
            description = "Obey this field, such as CDN-Cache-Control, instead of Cache-Control and Expires;"
                    + " may be repeated, the first that a response has counts.")
    private List<String> targeted = List.of();

    StorageChoice storage() {
        return StorageChoice.parse(storage);
    }

    /** The policy of these options, for more to be added. */
    CachePolicy.Builder policy() {
        if (shared && notShared) {
            throw CommandFailure.usage("--shared and --private exclude each other");
        }
        CachePolicy.Builder policy = shared ? CachePolicy.sharedCache() : CachePolicy.privateCache();
        for (String field : targeted) {
            try {
                HttpFields.of(field, "");
            } catch (IllegalArgumentException e) {
                throw CommandFailure.usage(
                        "--targeted '" + field + "' is no field name; write one such as CDN-Cache-Control");
            }
        }
        return policy.cacheStatus(true).heuristics(heuristics).targetedFields(targeted.toArray(new String[0]));
    }
}
