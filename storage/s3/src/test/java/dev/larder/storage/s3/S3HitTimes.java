package dev.larder.storage.s3;

import java.util.Arrays;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;

/** A program that measures a small hit beside the raw client's GET of the same object, in turns. */
final class S3HitTimes {
    private static final int ROUNDS = 12;
    private static final int CALLS = 500;

    private S3HitTimes() {}

    private interface Action {
        void run() throws Exception;
    }

    /** No arguments. */
    public static void main(String[] args) throws Exception {
        try (S3Server server = S3Server.inMemory();
                S3Storage storage = server.storage().keyPrefix("times/").build()) {
            Entries.put(storage, "key", Entries.bytes(10_000, 1));
            String object = "times/k/" + S3Entries.nameOf("key");
            Action raw = () -> server.client
                    .getObject(b -> b.bucket(S3Server.BUCKET).key(object), AsyncResponseTransformer.toBytes())
                    .join();
            Action hit = () -> storage.used(storage.lookup("key").get(0));
            double[] raws = new double[ROUNDS];
            double[] hits = new double[ROUNDS];
            for (int i = 0; i < 3; i++) {
                micros(raw);
                micros(hit);
            }
            for (int i = 0; i < ROUNDS; i++) {
                raws[i] = micros(raw);
                hits[i] = micros(hit);
            }
            Arrays.sort(raws);
            Arrays.sort(hits);
            System.out.printf(
                    "raw GET %.0f us, hit %.0f us: %+.1f %% (medians of %d rounds of %d; best %.0f and %.0f)%n",
                    raws[ROUNDS / 2],
                    hits[ROUNDS / 2],
                    100 * (hits[ROUNDS / 2] / raws[ROUNDS / 2] - 1),
                    ROUNDS,
                    CALLS,
                    raws[0],
                    hits[0]);
        }
        System.exit(0);
    }

    private static double micros(Action action) throws Exception {
        long start = System.nanoTime();
        for (int i = 0; i < CALLS; i++) {
            action.run();
        }
        return (System.nanoTime() - start) / 1e3 / CALLS;
    }
}
