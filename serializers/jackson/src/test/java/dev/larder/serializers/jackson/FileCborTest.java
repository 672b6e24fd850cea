package dev.larder.serializers.jackson;

class FileCborTest extends FileContract {
    FileCborTest() {
        super(CborSerializer.INSTANCE);
    }
}
