package dev.larder.storage.redis;

import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.output.CommandOutput;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Any answer, as the list of what is in it: numbers as {@link Long}, all else as bytes; null is what is not there. */
final class Values extends CommandOutput<byte[], byte[], List<@Nullable Object>> {
    Values() {
        super(ByteArrayCodec.INSTANCE, new ArrayList<>(8));
    }

    @Override
    public void set(@Nullable ByteBuffer bytes) {
        output.add(bytes == null ? null : codec.decodeValue(bytes));
    }

    @Override
    public void setSingle(@Nullable ByteBuffer bytes) {
        set(bytes);
    }

    @Override
    public void set(long integer) {
        output.add(integer);
    }

    @Override
    public void set(double number) {
        output.add(Double.toString(number).getBytes(StandardCharsets.US_ASCII));
    }

    @Override
    public void set(boolean value) {
        output.add(value ? 1L : 0L);
    }
}
