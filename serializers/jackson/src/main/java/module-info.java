/** Heads of entries as JSON, YAML or CBOR. */
module dev.larder.serializers.jackson {
    exports dev.larder.serializers.jackson;

    provides dev.larder.storage.Serializer with
            dev.larder.serializers.jackson.CborSerializer,
            dev.larder.serializers.jackson.JsonSerializer,
            dev.larder.serializers.jackson.YamlSerializer;

    requires transitive dev.larder.core;
    requires tools.jackson.core;
    requires tools.jackson.dataformat.cbor;
    requires tools.jackson.dataformat.yaml;
    requires static transitive org.jspecify;
}
