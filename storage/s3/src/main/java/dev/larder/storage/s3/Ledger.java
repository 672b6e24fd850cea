package dev.larder.storage.s3;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What is stored, key by key, as far as this process knows; kept only where there is a capacity to be kept to. What this
 * process changes is entered at once, what others do when the objects are listed.
 */
final class Ledger {
    /** @param stamp when the key was last written or used, in nanoseconds; orders eviction */
    record Account(String etag, int entries, long bytes, long stamp, long changed) {}

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Account> accounts = new HashMap<>();
    private long entries;
    private long bytes;
    private long changes;
    private boolean counted;

    void changed(String name, KeyIndex index, long stamp) {
        lock.lock();
        try {
            changes++;
            replace(name, account(index, stamp));
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Account account(KeyIndex index, long stamp) {
        return index.etag == null || index.variants.isEmpty()
                ? null
                : new Account(index.etag, index.variants.size(), index.accountedBytes(), stamp, changes);
    }

    private void replace(String name, @Nullable Account account) {
        Account before = account == null ? accounts.remove(name) : accounts.put(name, account);
        if (before != null) {
            entries -= before.entries;
            bytes -= before.bytes;
        }
        if (account != null) {
            entries += account.entries;
            bytes += account.bytes;
        }
    }

    void used(String name, long stamp) {
        lock.lock();
        try {
            accounts.computeIfPresent(
                    name, (same, a) -> new Account(a.etag, a.entries, a.bytes, Math.max(a.stamp, stamp), a.changed));
        } finally {
            lock.unlock();
        }
    }

    void clear() {
        lock.lock();
        try {
            changes++;
            accounts.clear();
            entries = 0;
            bytes = 0;
        } finally {
            lock.unlock();
        }
    }

    // ---- counting what is there

    /** To be handed to the methods below. */
    long beginCount() {
        lock.lock();
        try {
            return changes++;
        } finally {
            lock.unlock();
        }
    }

    /** Whether the object that was listed is the one that is accounted for. */
    boolean knows(String name, String etag) {
        lock.lock();
        try {
            Account account = accounts.get(name);
            return account != null && account.etag.equals(etag);
        } finally {
            lock.unlock();
        }
    }

    void counted(String name, KeyIndex index, long begun) {
        lock.lock();
        try {
            Account account = accounts.get(name);
            long stamp = TimeUnit.MILLISECONDS.toNanos(index.lastTouched());
            if (account == null || account.changed <= begun) {
                replace(name, account(index, account == null ? stamp : Math.max(stamp, account.stamp)));
            }
        } finally {
            lock.unlock();
        }
    }

    /** @param listed all names that there are */
    void endCount(Set<String> listed, long begun) {
        lock.lock();
        try {
            for (String name : List.copyOf(accounts.keySet())) {
                Account account = accounts.get(name);
                if (account != null && account.changed <= begun && !listed.contains(name)) {
                    replace(name, null);
                }
            }
            counted = true;
        } finally {
            lock.unlock();
        }
    }

    boolean isCounted() {
        lock.lock();
        try {
            return counted;
        } finally {
            lock.unlock();
        }
    }

    long entries() {
        lock.lock();
        try {
            return entries;
        } finally {
            lock.unlock();
        }
    }

    long bytes() {
        lock.lock();
        try {
            return bytes;
        } finally {
            lock.unlock();
        }
    }

    /** Those keys used least recently whose going leaves a tenth of the capacity free; empty while it is kept to. */
    List<String> toEvict(long maxEntries, long maxBytes, int most) {
        lock.lock();
        try {
            if (entries <= maxEntries && bytes <= maxBytes) {
                return List.of();
            }
            List<Map.Entry<String, Account>> all = new ArrayList<>(accounts.entrySet());
            all.sort(Comparator.comparingLong(account -> account.getValue().stamp));
            long entriesLeft = entries;
            long bytesLeft = bytes;
            List<String> names = new ArrayList<>();
            for (Map.Entry<String, Account> next : all) {
                if (names.size() == most
                        || (entriesLeft <= maxEntries - maxEntries / 10 && bytesLeft <= maxBytes - maxBytes / 10)) {
                    break;
                }
                names.add(next.getKey());
                entriesLeft -= next.getValue().entries;
                bytesLeft -= next.getValue().bytes;
            }
            return names;
        } finally {
            lock.unlock();
        }
    }
}
