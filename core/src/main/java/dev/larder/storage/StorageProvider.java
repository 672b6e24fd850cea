package dev.larder.storage;

import java.io.IOException;
import java.time.InstantSource;
import java.util.Set;

/**
 * Opens the storages of a {@link StorageSpec}'s schemes; for authors of storages. Registered as a service
 * ({@link java.util.ServiceLoader}): having the module of a storage at run time is enough to name it in a spec. Thread-safe.
 */
public interface StorageProvider {
    /** The schemes it opens, in lower case. */
    Set<String> schemes();

    /** How such a spec is written, for people: {@code sqlite:PATH}. */
    String usage();

    /**
     * Opens what a spec names: reads the options that it knows from the spec, has it {@linkplain
     * StorageSpec#noOtherOptions refuse others}, and only then opens.
     *
     * @param spec one of this provider's schemes
     * @param clock the storage's clock
     * @throws IllegalArgumentException when the location or an option is wrong, with a message for whoever wrote it
     * @throws IOException when the storage cannot be opened
     */
    Storage open(StorageSpec spec, InstantSource clock) throws IOException;
}
