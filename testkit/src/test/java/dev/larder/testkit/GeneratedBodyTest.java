package dev.larder.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

class GeneratedBodyTest {

    @Test
    void everyWayOfReadingGivesTheSameBytes() throws IOException {
        GeneratedBody body = new GeneratedBody(100_003, 42);
        byte[] streamed = body.open().readAllBytes();

        assertThat(streamed).hasSize(100_003);
        for (int offset = 0; offset < 20; offset++) {
            byte[] copied = new byte[1_000];
            body.copy(offset, copied, offset, 900);
            for (int i = 0; i < 900; i++) {
                assertThat(copied[offset + i]).isEqualTo(streamed[offset + i]).isEqualTo(body.byteAt(offset + i));
            }
        }
        CRC32 checksum = new CRC32();
        checksum.update(streamed);
        assertThat(body.crc32()).isEqualTo(checksum.getValue());
    }

    @Test
    void dependsOnTheSeed() {
        assertThat(new GeneratedBody(1_000, 1).crc32()).isNotEqualTo(new GeneratedBody(1_000, 2).crc32());
        assertThat(new GeneratedBody(1_000, 1).crc32()).isEqualTo(new GeneratedBody(1_000, 1).crc32());
    }

    @Test
    void hasPositionsBeyondTheRangeOfInt() {
        GeneratedBody body = new GeneratedBody(1L << 40, 7);
        byte[] copied = new byte[16];

        body.copy((1L << 40) - 16, copied, 0, 16);

        assertThat(copied[15]).isEqualTo(body.byteAt((1L << 40) - 1));
        assertThatThrownBy(() -> body.byteAt(1L << 40)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> new GeneratedBody(-1, 0)).isInstanceOf(IllegalArgumentException.class);
    }
}
