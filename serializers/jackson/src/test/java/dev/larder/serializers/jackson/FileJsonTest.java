package dev.larder.serializers.jackson;

class FileJsonTest extends FileContract {
    FileJsonTest() {
        super(JsonSerializer.INSTANCE);
    }
}
