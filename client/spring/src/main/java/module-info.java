/** Caching for Spring's HTTP clients. */
module dev.larder.client.spring {
    exports dev.larder.client.spring;

    requires transitive dev.larder.core;
    requires transitive spring.web;
    requires transitive spring.core;
    requires static transitive org.reactivestreams;
    requires static transitive reactor.core;
    requires static transitive org.jspecify;
}
