/** Heads of entries as JSON, YAML or CBOR. */
module dev.larder.serializers.jackson {
    exports dev.larder.serializers.jackson;

    requires transitive dev.larder.core;
    requires tools.jackson.core;
    requires tools.jackson.dataformat.cbor;
    requires tools.jackson.dataformat.yaml;
    requires static transitive org.jspecify;
}
