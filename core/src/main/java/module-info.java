/** The cache and its built-in storages. */
@SuppressWarnings("module") // the modules that internal packages are exported to are compiled later
module dev.larder.core {
    exports dev.larder;
    exports dev.larder.client;
    exports dev.larder.storage;
    exports dev.larder.storage.file;
    exports dev.larder.storage.memory;
    exports dev.larder.storage.tiered;
    exports dev.larder.storage.transform;
    exports dev.larder.internal.memory to
            dev.larder.storage.caffeine;

    uses dev.larder.storage.Serializer;
    uses dev.larder.storage.StorageProvider;

    provides dev.larder.storage.StorageProvider with
            dev.larder.storage.file.FileStorageProvider,
            dev.larder.storage.memory.InMemoryStorageProvider,
            dev.larder.storage.tiered.TieredStorageProvider;

    requires transitive dev.larder.semantics;
    requires static transitive org.jspecify;
}
