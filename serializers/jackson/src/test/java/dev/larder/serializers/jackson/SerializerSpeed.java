package dev.larder.serializers.jackson;

import dev.larder.http.HttpFields;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.MalformedEntryException;
import dev.larder.storage.Serializer;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;

/** Prints how long a usual head takes with each serializer, for docs/storages/serializers.md. */
final class SerializerSpeed {
    private SerializerSpeed() {}

    public static void main(String[] args) throws MalformedEntryException {
        HttpFields.Builder fields = HttpFields.builder();
        for (int i = 0; i < 16; i++) {
            fields.add("X-Header-Number-" + i, "some value of a usual length " + i);
        }
        StoredResponse head = Heads.full().toBuilder()
                .key("https://example.org/a?b=c")
                .fields(fields.addAll(Heads.head().build().fields()).build())
                .digest(Heads.full().knownDigest())
                .build();
        for (int round = 0; round < 2; round++) {
            for (Serializer serializer : Heads.serializers().toList()) {
                byte[] bytes = serializer.write(head);
                double write = micros(() -> serializer.write(head));
                double read = micros(() -> serializer.read(ByteBuffer.wrap(bytes)));
                System.out.printf(
                        "%-7s %5d bytes, written in %7.2f us, read in %7.2f us%n",
                        serializer.format(), bytes.length, write, read);
            }
        }
    }

    private interface Work {
        Object run() throws MalformedEntryException;
    }

    /** The best of several runs, in processor time. */
    private static double micros(Work work) throws MalformedEntryException {
        ThreadMXBean cpu = ManagementFactory.getThreadMXBean();
        double best = Double.MAX_VALUE;
        int sink = 0;
        for (int run = 0; run < 12; run++) {
            int count = 0;
            long start = cpu.getCurrentThreadCpuTime();
            long end = start + TimeUnit.MILLISECONDS.toNanos(150);
            long now = start;
            while (now < end) {
                for (int i = 0; i < 16; i++) {
                    sink += work.run().hashCode() & 1;
                }
                count += 16;
                now = cpu.getCurrentThreadCpuTime();
            }
            best = Math.min(best, (now - start) / 1000.0 / count);
        }
        if (sink == -1) {
            throw new AssertionError();
        }
        return best;
    }
}
