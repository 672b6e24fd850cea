/** A cache for OkHttp. */
module dev.larder.client.okhttp {
    exports dev.larder.client.okhttp;

    requires transitive dev.larder.core;
    requires transitive okhttp3;
    requires static transitive org.jspecify;
}
