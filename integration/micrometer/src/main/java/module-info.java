/** Micrometer meters and observations of a cache. */
module dev.larder.integration.micrometer {
    exports dev.larder.integration.micrometer;

    requires transitive dev.larder.core;
    requires transitive micrometer.core;
    requires transitive micrometer.observation;
    requires static transitive org.jspecify;
}
