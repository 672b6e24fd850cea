package dev.larder.internal;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A body that is kept in several entries (RFC 9111 3.4): one after the other. */
final class PiecesInOrder implements Pieces {
    private final List<? extends Pieces> all;
    private int current;

    PiecesInOrder(List<? extends Pieces> all) {
        this.all = all;
    }

    @Override
    public long length() {
        long sum = 0;
        for (Pieces each : all) {
            sum += each.length();
        }
        return sum;
    }

    @Override
    public CompletionStage<@Nullable List<ByteBuffer>> next() {
        while (current < all.size() && all.get(current).exhausted()) {
            current++;
        }
        return exhausted()
                ? CompletableFuture.completedFuture(null)
                : all.get(current).next();
    }

    @Override
    public boolean exhausted() {
        for (int i = current; i < all.size(); i++) {
            if (!all.get(i).exhausted()) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() {
        all.forEach(Pieces::close);
    }
}
