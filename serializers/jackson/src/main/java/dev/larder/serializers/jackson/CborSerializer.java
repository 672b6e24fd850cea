package dev.larder.serializers.jackson;

import dev.larder.storage.MalformedEntryException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.dataformat.cbor.CBORFactory;

/** Heads as CBOR (RFC 8949); the package says with which members. */
public final class CborSerializer extends HeadSerializer {
    /** The only instance. */
    public static final CborSerializer INSTANCE = new CborSerializer();

    private static final CBORFactory CBOR = limited(CBORFactory.builder()).build();

    // Major types and the additional information of RFC 8949 3.
    private static final int BYTES = 2;
    private static final int TEXT = 3;
    private static final int TAG = 6;
    private static final int INDEFINITE = 31;

    private CborSerializer() {
        super("cbor", 4, true);
    }

    @Override
    JsonGenerator generator(OutputStream out) {
        return CBOR.createGenerator(ObjectWriteContext.empty(), out);
    }

    @Override
    JsonParser parser(ByteBuffer bytes) throws MalformedEntryException {
        byte[] array;
        int offset = 0;
        if (bytes.hasArray()) {
            array = bytes.array();
            offset = bytes.arrayOffset() + bytes.position();
        } else {
            array = new byte[bytes.remaining()];
            bytes.duplicate().get(array);
        }
        requireUntagged(array, offset, offset + bytes.remaining());
        return CBOR.createParser(ObjectReadContext.empty(), array, offset, bytes.remaining());
    }

    /**
     * No head has a tag (RFC 8949 3.4). The parser takes quadratic time for many of them, would work out numbers of any
     * size, and knows one that repeats texts.
     */
    private static void requireUntagged(byte[] bytes, int start, int end) throws MalformedEntryException {
        // Items stand one after the other, however they are nested; only the contents of texts have to be skipped.
        int at = start;
        while (at < end) {
            int type = (bytes[at] & 0xFF) >> 5;
            int info = bytes[at] & 0x1F;
            at++;
            if (type == TAG) {
                throw new MalformedEntryException("a tag");
            }
            long argument = info < 24 ? info : 0;
            if (info >= 24 && info != INDEFINITE) {
                int size = 1 << (info - 24);
                if (size > Long.BYTES || size > end - at) {
                    throw new MalformedEntryException("cut off");
                }
                for (int i = 0; i < size; i++) {
                    argument = argument << 8 | (bytes[at++] & 0xFF);
                }
            }
            if (type == BYTES || type == TEXT) {
                if (argument < 0 || argument > end - at) {
                    throw new MalformedEntryException("cut off");
                }
                at += (int) argument;
            }
        }
    }
}
