/** Storage in the heap under a frequency-aware policy. */
module dev.larder.storage.caffeine {
    exports dev.larder.storage.caffeine;

    provides dev.larder.storage.StorageProvider with
            dev.larder.storage.caffeine.CaffeineStorageProvider;

    requires com.github.benmanes.caffeine;
    requires transitive dev.larder.core;
    requires static transitive org.jspecify;
}
