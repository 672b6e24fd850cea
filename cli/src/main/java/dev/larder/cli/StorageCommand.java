package dev.larder.cli;

import dev.larder.HttpCache;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;

/** A command on a storage: opens it, and says what is wrong when it fails. */
abstract class StorageCommand implements Callable<Integer> {
    final Console console;

    @Mixin
    private final CacheOptions cacheOptions = new CacheOptions();

    StorageCommand(Console console) {
        this.console = console;
    }

    /** Does it; answers the exit code. */
    abstract int run(HttpCache cache, ComplainingListener listener) throws IOException;

    final StorageChoice storage() {
        return cacheOptions.storage();
    }

    @Override
    public final Integer call() {
        ComplainingListener listener = new ComplainingListener(console);
        try (HttpCache cache = HttpCache.builder()
                .policy(cacheOptions.policy().build())
                .storage(storage().openExisting())
                .listener(listener)
                .build()) {
            return run(cache, listener);
        } catch (IOException e) {
            throw failure(e);
        } catch (UncheckedIOException e) {
            throw failure(e.getCause() == null ? e : e.getCause());
        }
    }

    private CommandFailure failure(Throwable e) {
        return CommandFailure.storage("storage " + storage() + " failed: " + StorageChoice.problem(e));
    }
}
