package dev.larder.cli;

import dev.larder.policy.CachePolicy;
import picocli.CommandLine.Option;

/** The options of every command that uses a cache. */
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

    StorageChoice storage() {
        return StorageChoice.parse(storage);
    }

    CachePolicy policy() {
        if (shared && notShared) {
            throw CommandFailure.usage("--shared and --private exclude each other");
        }
        CachePolicy.Builder policy = shared ? CachePolicy.sharedCache() : CachePolicy.privateCache();
        return policy.cacheStatus(true).build();
    }
}
