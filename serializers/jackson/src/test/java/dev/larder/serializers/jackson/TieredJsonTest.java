package dev.larder.serializers.jackson;

class TieredJsonTest extends TieredContract {
    TieredJsonTest() {
        super(JsonSerializer.INSTANCE);
    }
}
