package dev.larder.serializers.jackson;

import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonWriteFeature;

/** Heads as JSON in UTF-8, on one line; the package says with which members. */
public final class JsonSerializer extends HeadSerializer {
    /** The only instance. */
    public static final JsonSerializer INSTANCE = new JsonSerializer();

    private static final JsonFactory JSON = limited(JsonFactory.builder())
            .disable(JsonWriteFeature.ESCAPE_FORWARD_SLASHES)
            .build();

    private JsonSerializer() {
        super("json", 2, false);
    }

    @Override
    JsonGenerator generator(OutputStream out) {
        return JSON.createGenerator(ObjectWriteContext.empty(), out);
    }

    @Override
    JsonParser parser(ByteBuffer bytes) throws CharacterCodingException {
        CharBuffer text = decode(bytes);
        return JSON.createParser(
                ObjectReadContext.empty(), text.array(), text.arrayOffset() + text.position(), text.remaining());
    }
}
