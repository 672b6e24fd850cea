/** RFC 9111 as plain functions. */
module dev.larder.semantics {
    exports dev.larder.http;
    exports dev.larder.policy;
    exports dev.larder.rules;
    exports dev.larder.engine;

    requires static transitive org.jspecify;
}
