package dev.larder.internal;

import dev.larder.CacheInfo;
import dev.larder.client.Answer;
import dev.larder.client.Body;
import dev.larder.client.BodyKind;
import dev.larder.client.Call;
import dev.larder.client.Origin;
import dev.larder.client.Source;
import dev.larder.engine.CacheResult;
import dev.larder.engine.CacheStep;
import dev.larder.engine.Invalidate;
import dev.larder.engine.Join;
import dev.larder.engine.Lookup;
import dev.larder.engine.Outcome;
import dev.larder.http.ContentLength;
import dev.larder.http.ResponseHead;
import dev.larder.internal.Flights.Flight;
import dev.larder.internal.Flights.Landing;
import dev.larder.rules.RangeSelection;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.AsyncEntryWriter;
import dev.larder.storage.Lease;
import dev.larder.storage.StoredEntry;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One request under way: what the two drivers have in common, which is everything that neither waits nor composes. */
abstract class CallState<B> {
    /** How often those who wait for the lease of another process ask for it. */
    static final int LEASE_PAUSE_MILLIS = 25;

    private static final int STALLED_SECONDS = 1;

    final CacheCore core;
    final Call call;
    final BodyKind<B> kind;

    private final boolean background;
    private final long deadline;

    private @Nullable Flight leading;
    private @Nullable String key;
    /** Where the response is stored, which need not be where it was looked for first. */
    private @Nullable String storedKey;

    private long epoch;
    private boolean overtaken;
    /** The storage could not be asked: then it is not told either, which would only cost another time-out. */
    private boolean storageFailed;

    /** For the lease of another process, the first that was met: no further one is waited for. */
    private @Nullable Waiting waiting;

    /** The response may have been stored by another process since the lookup. */
    private boolean lookAgain;

    private long flightsEnded;
    private @Nullable B unread;

    CallState(CacheCore core, Call call, BodyKind<B> kind, boolean background) {
        this.core = core;
        this.call = call;
        this.kind = kind;
        this.background = background;
        this.deadline = call.patience() == null
                ? 0
                : System.nanoTime() + call.patience().toNanos();
    }

    /** How much longer to wait for another request, in nanoseconds; asked only where the call has a limit. */
    final long patienceLeft() {
        return Math.max(0, deadline - System.nanoTime());
    }

    /** The first step. */
    final CacheStep begin() {
        return background
                ? core.engine.revalidate(call.request(), call.content(), call.controls())
                : core.engine.begin(call.request(), call.content(), call.controls());
    }

    /** Revalidates in the background what was served stale, unless that is being done already. */
    final void revalidateIf(boolean wanted) {
        String known = key;
        if (!wanted || known == null || !core.revalidations.begin(known)) {
            return;
        }
        try {
            beginInBackground(() -> core.revalidations.end(known));
        } catch (RuntimeException e) {
            // No thread to be had: a later request will find it stale, too.
            core.revalidations.end(known);
        }
    }

    void beginInBackground(Runnable done) {
        core.executor.execute(() -> inBackground(done));
    }

    /** Takes the same request up again, for the storage's sake alone. */
    abstract void inBackground(Runnable done);

    /** Reads a body that nobody waits for to its end, so that it is stored. */
    final void drain(Answer<B> answer, Runnable done) {
        if (answer.relayed() != null) {
            kind.discard(answer.relayed());
        }
        if (answer.body() == null) {
            done.run();
        } else {
            answer.body().publisher().subscribe(new Draining(done));
        }
    }

    final long now() {
        return core.clock.millis();
    }

    // Sharing an origin request.

    /** Before a lookup: from here on an invalidation means that what the origin answers may be outdated. */
    final void lookingUp(Lookup step) {
        if (!step.further()) {
            key = step.key();
            flightsEnded = core.flights.ended(key);
            epoch = core.epochs.now();
        }
    }

    /** A lookup failed. */
    final void lookupFailed(Throwable failure) {
        storageFailed = true;
        core.storageFailed("lookup", failure);
    }

    /** Before the origin is asked without a lookup, which leaves the moment to be remembered here. */
    final void forwarding() {
        if (key == null) {
            epoch = core.epochs.now();
        }
    }

    /**
     * What this request invalidates is no reason not to store its own response; what others have invalidated since it was
     * sent is.
     */
    final void forget(Invalidate step) {
        for (String each : step.keys()) {
            overtaken |= core.epochs.invalidatedSince(each, epoch);
        }
        step.keys().forEach(core::forgetKey);
        if (step.condition() != null) {
            core.forgetAll();
        }
        if (!step.keys().isEmpty()) {
            epoch = core.epochs.now();
        }
    }

    /** Leads, or answers the flight to follow. */
    final @Nullable Flight joined(Join step) {
        Flight mine = core.flights.newFlight(step.key());
        Flight flight = core.flights.join(mine);
        if (flight == mine) {
            leading = mine;
            return null;
        }
        return flight;
    }

    /** What becomes of a request that has waited long enough for another one. */
    final Landing impatient() throws SocketTimeoutException {
        if (call.thenAlone()) {
            return Landing.GO_ALONE;
        }
        throw new SocketTimeoutException("timed out waiting for another request's response to "
                + call.request().uri());
    }

    /** Whether other processes may fetch the same response. */
    final boolean mayLease() {
        return core.leases && !storageFailed;
    }

    /** Whether to ask for the lease again a moment later; otherwise it is this request's, or not worth waiting for. */
    final boolean isWorthWaitingFor(Lease lease) {
        lookAgain = true;
        if (lease.isGranted()) {
            Objects.requireNonNull(leading, "only a leader asks").lease(lease);
            return false;
        }
        Waiting begun = waiting;
        if (begun == null) {
            long most = TimeUnit.MILLISECONDS.toNanos(lease.millisLeft());
            long limit = call.patience() == null ? most : Math.min(most, patienceLeft());
            waiting = new Waiting(lease.holder(), System.nanoTime() + limit);
            return true;
        }
        // Another holder was waiting, too: it knows no more than this request does.
        return begun.holder.equals(lease.holder()) && System.nanoTime() - begun.until < 0;
    }

    private record Waiting(String holder, long until) {}

    /** The lease could not be asked for: whoever cannot ask goes to the origin. */
    final void leaseFailed(Throwable failure) {
        lookAgain = false;
        core.storageFailed("lease", failure);
    }

    /** Whether a flight of this or another process ended since the lookup, so that what it stored may have been missed. */
    final boolean mayHaveMissedAFlight() {
        String known = key;
        return known != null && !storageFailed && (lookAgain || core.flights.ended(known) != flightsEnded);
    }

    final void endFlight(Landing landing) {
        Flight flight = leading;
        if (flight != null) {
            leading = null;
            core.flights.end(flight, landing);
        }
    }

    /** Background requests have nobody to answer, so they do not count. */
    private void answered(CacheInfo info) {
        if (!background) {
            core.answered(call.request(), info);
        }
    }

    // The origin's body.

    final void received(Origin.Response<B> response) {
        discardUnread();
        unread = response.body();
    }

    final void discardUnread() {
        B body = unread;
        unread = null;
        if (body != null) {
            kind.discard(body);
        }
    }

    private B takeUnread() {
        B body = unread;
        unread = null;
        if (body == null) {
            throw new IllegalStateException("the origin has not answered");
        }
        return body;
    }

    // Outcomes.

    final Answer<B> relayed(Outcome.Relay step) {
        endFlight(Landing.GO_ALONE);
        CacheInfo info = new CacheInfo(step.decision(), 0, () -> false);
        answered(info);
        return new Answer<>(step.head(), takeUnread(), null, null, info);
    }

    final Answer<B> withoutBody(Outcome step, ResponseHead head, boolean stored) {
        endFlight(Landing.GO_ALONE);
        discardUnread();
        CacheInfo info = new CacheInfo(step.decision(), 0, () -> stored);
        answered(info);
        return new Answer<>(head, null, MemoryBody.EMPTY, null, info);
    }

    final void originFailed(Outcome.Fail step) {
        endFlight(Landing.GO_ALONE);
        discardUnread();
        core.originFailed(step.decision());
    }

    /** The answer from an entry whose body is at hand. */
    final Answer<B> serve(Outcome.ServeStored step, StoredEntry entry, Body body, long uses) {
        discardUnread();
        if (leading != null) {
            shareConfirmed(step, entry);
        }
        CacheInfo info = new CacheInfo(step.decision(), uses, () -> true);
        answered(info);
        return new Answer<>(step.head(), null, body, entry, info);
    }

    /** What the origin has just confirmed answers those who wait, too. */
    private void shareConfirmed(Outcome.ServeStored step, StoredEntry entry) {
        StoredResponse confirmed = step.decision().stored();
        if (step.decision().result() == CacheResult.REVALIDATED && confirmed != null) {
            endFlight(new Landing(Flights.Advice.SHARE, new SharedEntry(confirmed, entry, null)));
        } else {
            endFlight(Landing.GO_ALONE);
        }
    }

    /** Why the response is not to be stored after all, seen from here; null when it is to be. */
    final @Nullable String whyNotStore(Outcome.StoreAndServe step) {
        storedKey = step.stored().key();
        if (!stillValid()) {
            return "it was invalidated while it was fetched";
        }
        if (storageFailed) {
            return "the storage failed";
        }
        long length = ContentLength.of(step.head().fields());
        if (length == ContentLength.INVALID) {
            return "its Content-Length is invalid";
        }
        return length > core.maxBodyBytes() ? "it is too long for the storage" : null;
    }

    private boolean stillValid() {
        return !overtaken && !invalidated(key) && !invalidated(storedKey);
    }

    private boolean invalidated(@Nullable String known) {
        return known != null && core.epochs.invalidatedSince(known, epoch);
    }

    /** The response is not stored. */
    final CacheStep notStored(Outcome.StoreAndServe step, String why) {
        core.abandoned(step.stored(), why);
        return step.notTaken();
    }

    /**
     * The answer passes through a download that stores it, and that others may share.
     *
     * @param before stored bytes that go before the origin's, or null
     * @param after stored bytes that go after them, or null
     */
    final Answer<B> serveAndStore(
            Outcome.StoreAndServe step,
            AsyncEntryWriter writer,
            @Nullable Pieces before,
            @Nullable Pieces after,
            boolean mayBlock) {
        Source source = completed(kind.source(takeUnread()), step.bodyLength(), before, after);
        Flight flight = leading;
        leading = null;
        Recording recording = new Recording(step, flight);
        Download download =
                new Download(source, writer, step.bodyLength(), core.maxBodyBytes(), core.executor, recording);
        Pieces pieces = Objects.requireNonNull(download.attach(mayBlock), "the first reader");
        if (flight != null && download.isShareable()) {
            core.flights.announce(
                    flight, new Landing(Flights.Advice.SHARE, new SharedEntry(step.stored(), null, download)));
        } else if (flight != null) {
            watchPace(flight, download, -1);
        }
        CacheInfo info = new CacheInfo(step.decision(), 0, recording::isStored);
        answered(info);
        return new Answer<>(step.head(), null, new PieceBody(pieces), null, info);
    }

    /**
     * Those who cannot share a download before its end wait for it, and its pace is set by whoever reads it. They do not wait
     * for someone who has stopped reading.
     */
    private void watchPace(Flight flight, Download download, long before) {
        CompletableFuture.delayedExecutor(STALLED_SECONDS, TimeUnit.SECONDS, core.executor)
                .execute(() -> {
                    if (flight.landing().isDone()) {
                        return;
                    }
                    long received = download.received();
                    if (received >= 0 && received == before) {
                        core.flights.end(flight, Landing.GO_ALONE);
                    } else {
                        watchPace(flight, download, received);
                    }
                });
    }

    /** RFC 9111 3.4: the origin's bytes between those that are stored. */
    private static Source completed(Source origin, long length, @Nullable Pieces before, @Nullable Pieces after) {
        if (before == null && after == null) {
            return origin;
        }
        List<Source> sources = new ArrayList<>(3);
        List<Long> lengths = new ArrayList<>(3);
        if (before != null) {
            sources.add(Source.of(new PieceBody(before).publisher()));
            lengths.add(before.length());
        }
        sources.add(origin);
        lengths.add(length - (before == null ? 0 : before.length()) - (after == null ? 0 : after.length()));
        if (after != null) {
            sources.add(Source.of(new PieceBody(after).publisher()));
            lengths.add(after.length());
        }
        return Source.inOrder(sources, lengths);
    }

    /** Closes what was opened for an answer that does not come about. */
    static void close(@Nullable Pieces pieces) {
        if (pieces != null) {
            pieces.close();
        }
    }

    /**
     * A response that a leader shares: confirmed, with the entry that has its body, or on its way, with its download.
     */
    static final class SharedEntry extends StoredEntry {
        private final @Nullable StoredEntry confirmed;
        private final @Nullable Download download;

        SharedEntry(StoredResponse stored, @Nullable StoredEntry confirmed, @Nullable Download download) {
            super(stored, -1, null);
            this.confirmed = confirmed;
            this.download = download;
        }
    }

    /** The entry that the storage knows, behind one that may be shared; null when it is only on its way. */
    static @Nullable StoredEntry entryOf(StoredEntry candidate) {
        return candidate instanceof SharedEntry shared ? shared.confirmed : candidate;
    }

    /** A place in the shared download; null when there is none, or it is over. */
    static @Nullable Pieces attached(StoredEntry candidate, boolean mayBlock) {
        return candidate instanceof SharedEntry shared && shared.download != null
                ? shared.download.attach(mayBlock)
                : null;
    }

    /** The entry of this id, for a download that was over before this request could share it. */
    static @Nullable StoredEntry find(List<StoredEntry> entries, String id) {
        for (StoredEntry entry : entries) {
            if (entry.stored().id().equals(id)) {
                return entry;
            }
        }
        return null;
    }

    /** A body that came with its head, or parts of it if there are any. */
    static Body inMemory(ByteBuffer bytes, List<RangeSelection.Part> parts) {
        if (parts.isEmpty()) {
            return new MemoryBody(bytes);
        }
        int length = 0;
        for (RangeSelection.Part part : parts) {
            length += part.prefix().length() + (int) part.length();
        }
        ByteBuffer selected = ByteBuffer.allocate(length);
        for (RangeSelection.Part part : parts) {
            selected.put(part.prefixBytes()).put(bytes.slice((int) part.position(), (int) part.length()));
        }
        return new MemoryBody(selected.flip().asReadOnlyBuffer());
    }

    private final class Recording implements Download.Recording {
        private final Outcome.StoreAndServe step;
        private final @Nullable Flight flight;
        private volatile boolean stored;

        Recording(Outcome.StoreAndServe step, @Nullable Flight flight) {
            this.step = step;
            this.flight = flight;
        }

        boolean isStored() {
            return stored;
        }

        @Override
        public boolean stillValid() {
            return CallState.this.stillValid();
        }

        @Override
        public CompletionStage<Boolean> commit(AsyncEntryWriter writer) {
            return writer.commit(step.replaced());
        }

        @Override
        public void failed(String operation, Throwable failure) {
            core.storageFailed(operation, failure);
        }

        @Override
        public void finished(boolean stored, String why) {
            this.stored = stored;
            if (stored) {
                core.stored(step.stored());
            } else {
                core.abandoned(step.stored(), why);
            }
            if (flight != null) {
                core.flights.end(flight, Landing.LOOK_AGAIN);
            }
        }
    }

    /** Reads and forgets. */
    private static final class Draining implements Flow.Subscriber<List<ByteBuffer>> {
        private final Runnable done;

        Draining(Runnable done) {
            this.done = done;
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            subscription.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(List<ByteBuffer> piece) {}

        @Override
        public void onError(Throwable failure) {
            // What was to be stored has been abandoned, which the listener knows.
            done.run();
        }

        @Override
        public void onComplete() {
            done.run();
        }
    }
}
