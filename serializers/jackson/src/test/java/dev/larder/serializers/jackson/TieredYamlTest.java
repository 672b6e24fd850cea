package dev.larder.serializers.jackson;

class TieredYamlTest extends TieredContract {
    TieredYamlTest() {
        super(YamlSerializer.INSTANCE);
    }
}
