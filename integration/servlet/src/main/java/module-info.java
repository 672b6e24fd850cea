/** A servlet filter that caches what the application answers. */
module dev.larder.integration.servlet {
    exports dev.larder.integration.servlet;

    requires transitive dev.larder.core;
    requires transitive jakarta.servlet;
    requires static transitive org.jspecify;
}
