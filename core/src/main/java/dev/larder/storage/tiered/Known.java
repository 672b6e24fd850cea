package dev.larder.storage.tiered;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.StoredEntry;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What far said of a key: which entries it has, each of which was in near at that time. Compared by identity, as a token:
 * as long as the index still holds it, nothing has changed the key through this storage.
 */
final class Known {
    /** A far entry larger than that is not kept, so that near's limits are not undermined. */
    private static final int MAX_KEPT = 1024;

    private final String[] ids;
    private final @Nullable StoredEntry[] far;
    private final boolean[] used;
    private final long from;
    private final long until;

    /** A token that says nothing yet. */
    Known() {
        this(List.of(), 0, 0);
    }

    Known(List<StoredEntry> entries, long now, long ttlMillis) {
        int count = entries.size();
        ids = new String[count];
        far = new StoredEntry[count];
        used = new boolean[count];
        long answers = ttlMillis;
        for (int i = 0; i < count; i++) {
            StoredEntry entry = entries.get(i);
            ids[i] = entry.stored().id();
            boolean small = entry.inlineBody() == null || entry.bodyLength() <= MAX_KEPT;
            far[i] = small ? entry : null;
            if (!small && entry.stored().slidingTtl()) {
                // Far has to hear of uses before it ends the entry for want of them.
                answers = Math.min(answers, entry.stored().ttlMillis() / 2);
            }
        }
        from = now;
        until = now > Long.MAX_VALUE - answers ? Long.MAX_VALUE : now + answers;
    }

    boolean holds(long now) {
        return ids.length > 0 && now >= from && now < until;
    }

    /** What near found, without what far does not have; null when something is missing. */
    @Nullable
    List<StoredEntry> answer(List<StoredEntry> near) {
        int count = 0;
        for (int i = 0; i < near.size(); i++) {
            count += indexOf(near.get(i).stored().id()) >= 0 ? 1 : 0;
        }
        if (count != ids.length) {
            return null;
        }
        if (count == near.size()) {
            return near;
        }
        List<StoredEntry> answer = new ArrayList<>(count);
        for (StoredEntry entry : near) {
            if (indexOf(entry.stored().id()) >= 0) {
                answer.add(entry);
            }
        }
        return answer;
    }

    /** Far's entry, to be told of a use; null when it was not kept, and then the use is remembered. */
    @Nullable
    StoredEntry used(StoredResponse head) {
        int i = indexOf(head.id());
        if (i < 0) {
            return null;
        }
        if (far[i] == null) {
            used[i] = true;
        }
        return far[i];
    }

    /** Whether far has not been told of uses; it is going to be told now. */
    boolean owesUse(String id) {
        int i = indexOf(id);
        boolean owes = i >= 0 && used[i];
        if (owes) {
            used[i] = false;
        }
        return owes;
    }

    private int indexOf(String id) {
        for (int i = 0; i < ids.length; i++) {
            if (ids[i].equals(id)) {
                return i;
            }
        }
        return -1;
    }
}
