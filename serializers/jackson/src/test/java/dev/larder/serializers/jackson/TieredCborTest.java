package dev.larder.serializers.jackson;

class TieredCborTest extends TieredContract {
    TieredCborTest() {
        super(CborSerializer.INSTANCE);
    }
}
