/** The JDK's HTTP client with a cache. */
module dev.larder.client.jdk {
    exports dev.larder.client.jdk;

    requires transitive dev.larder.core;
    requires transitive java.net.http;
    requires static transitive org.jspecify;
}
