package dev.larder.internal;

import dev.larder.client.Answer;
import dev.larder.client.Body;
import dev.larder.client.BodyKind;
import dev.larder.client.Call;
import dev.larder.client.Origin;
import dev.larder.engine.CacheStep;
import dev.larder.engine.Forward;
import dev.larder.engine.Freshen;
import dev.larder.engine.Invalidate;
import dev.larder.engine.Join;
import dev.larder.engine.Lookup;
import dev.larder.engine.Outcome;
import dev.larder.engine.StepHandler;
import dev.larder.internal.Flights.Flight;
import dev.larder.internal.Flights.Landing;
import dev.larder.rules.PartialContent;
import dev.larder.rules.RangeSelection;
import dev.larder.rules.Reason;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.AsyncEntryWriter;
import dev.larder.storage.BodyReader;
import dev.larder.storage.StoredEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The blocking driver: does what each step says on the calling thread, until there is an answer.
 *
 * <p>A handler's method answers the next step; an outcome's answers the outcome itself once the answer is set.
 */
public final class BlockingCall<B> extends CallState<B> implements StepHandler<CacheStep, Exception> {
    private final Origin<B> origin;
    private @Nullable Answer<B> answer;

    /** One request; {@link #run} is called once. */
    public BlockingCall(CacheCore core, Call call, BodyKind<B> kind, Origin<B> origin) {
        this(core, call, kind, origin, false);
    }

    private BlockingCall(CacheCore core, Call call, BodyKind<B> kind, Origin<B> origin, boolean background) {
        super(core, call, kind, background);
        this.origin = origin;
    }

    /** Does it. */
    public Answer<B> run() throws IOException, InterruptedException {
        try {
            CacheStep step = begin();
            while (answer == null) {
                step = step.accept(this);
            }
            return answer;
        } catch (IOException | InterruptedException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException(e);
        } finally {
            // Only an exception leaves a flight behind: another request has to lead now.
            endFlight(Landing.LOOK_AGAIN);
            discardUnread();
        }
    }

    @Override
    void inBackground(Runnable done) {
        try {
            drain(new BlockingCall<>(core, call, kind, origin.inBackground(), true).run(), done);
        } catch (IOException | RuntimeException | Error e) {
            // The origin failed: the response stays stale, and a later request will ask again.
            done.run();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            done.run();
        }
    }

    @Override
    public CacheStep lookup(Lookup step) {
        lookingUp(step);
        return step.found(found(step.key()), now());
    }

    private List<StoredEntry> found(String key) {
        try {
            if (core.owed.concern(key)) {
                core.owed.makeUpFor(key, core.storage);
            }
            return core.storage.lookup(key);
        } catch (IOException | RuntimeException e) {
            lookupFailed(e);
            return List.of();
        }
    }

    @Override
    public CacheStep join(Join step) throws IOException, InterruptedException {
        Flight flight = joined(step);
        if (flight == null) {
            return lead(step);
        }
        Landing landing = await(flight);
        return switch (landing.advice()) {
            case LOOK_AGAIN -> step.again();
            case GO_ALONE -> step.alone();
            case SHARE -> step.followed(Objects.requireNonNull(landing.entry()), now());
        };
    }

    private CacheStep lead(Join step) throws InterruptedException {
        if (mayLease()) {
            awaitLease(step.key());
        }
        if (!mayHaveMissedAFlight()) {
            return step.lead();
        }
        Lookup again = step.again();
        CacheStep next = lookup(again);
        while (next instanceof Lookup further) {
            next = lookup(further);
        }
        if (next instanceof Join join) {
            return join.lead();
        }
        if (!(next instanceof Forward)) {
            endFlight(Landing.LOOK_AGAIN);
        }
        return next;
    }

    private void awaitLease(String key) throws InterruptedException {
        try {
            while (isWorthWaitingFor(core.storage.lease(key))) {
                TimeUnit.MILLISECONDS.sleep(LEASE_PAUSE_MILLIS);
            }
        } catch (IOException | RuntimeException e) {
            leaseFailed(e);
        }
    }

    private Landing await(Flight flight) throws IOException, InterruptedException {
        try {
            return call.patience() == null
                    ? flight.landing().get()
                    : flight.landing().get(patienceLeft(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            return impatient();
        } catch (ExecutionException e) {
            throw new IllegalStateException("a flight lands without failing", e);
        }
    }

    @Override
    public CacheStep forward(Forward step) throws InterruptedException {
        forwarding();
        long sentAt = now();
        Origin.Response<B> response;
        try {
            response = origin.send(step.request());
        } catch (IOException | RuntimeException e) {
            return step.failed(e, now());
        }
        received(response);
        return step.responded(response.head(), response.keptOut(), sentAt, now());
    }

    @Override
    public CacheStep freshen(Freshen step) {
        boolean first = true;
        for (StoredResponse updated : step.updated()) {
            try {
                if (core.storage.freshen(updated)) {
                    core.freshened(updated);
                } else if (first) {
                    return step.vanished();
                }
            } catch (IOException | RuntimeException e) {
                core.storageFailed("freshen", e);
            }
            first = false;
        }
        return step.done();
    }

    @Override
    public CacheStep invalidate(Invalidate step) {
        forget(step);
        for (String key : step.keys()) {
            try {
                core.invalidated(key, core.storage.removeKey(key), Reason.INVALIDATED);
            } catch (IOException | RuntimeException e) {
                core.owed.owe(key);
                core.storageFailed("invalidate", e);
            }
        }
        for (StoredResponse entry : step.entries()) {
            remove(entry);
        }
        if (step.condition() != null) {
            try {
                core.invalidated("groups", core.storage.removeIf(step.condition()), Reason.GROUP_INVALIDATED);
            } catch (IOException | RuntimeException e) {
                core.owed.owe(step.condition());
                core.storageFailed("removeIf", e);
            }
        }
        return step.done();
    }

    private void remove(StoredResponse entry) {
        try {
            core.invalidated(entry.key(), core.storage.remove(entry.key(), entry.id()) ? 1 : 0, Reason.SUPERSEDED);
        } catch (IOException | RuntimeException e) {
            core.owed.owe(entry.key());
            core.storageFailed("remove", e);
        }
    }

    @Override
    public CacheStep serveStored(Outcome.ServeStored step) {
        StoredEntry candidate = (StoredEntry) step.candidate();
        // The origin's body belongs to another request: who waits in its connection could not give up.
        Pieces shared = step.withBody() ? attached(candidate, false) : null;
        if (shared != null) {
            answer = serve(step, candidate, new PieceBody(shared), 0);
            return step;
        }
        StoredEntry entry = entryOf(candidate);
        if (entry == null) {
            entry = find(found(candidate.stored().key()), candidate.stored().id());
        }
        Body body = entry == null ? null : step.withBody() ? body(step, entry) : MemoryBody.EMPTY;
        if (entry == null || body == null) {
            return step.gone();
        }
        answer = serve(step, entry, body, core.used(entry));
        revalidateIf(step.revalidate());
        return step;
    }

    private @Nullable Body body(Outcome.ServeStored step, StoredEntry entry) {
        ByteBuffer inline = entry.inlineBody();
        if (inline != null && step.more().isEmpty()) {
            return inMemory(inline, step.parts());
        }
        Pieces first = open(entry, step.parts());
        if (first == null || step.more().isEmpty()) {
            return first == null ? null : new PieceBody(first);
        }
        Pieces more = open(step.more());
        if (more == null) {
            first.close();
            return null;
        }
        return new PieceBody(new PiecesInOrder(List.of(first, more)));
    }

    /** Null when one of them is gone. */
    private @Nullable Pieces open(List<PartialContent.Piece> pieces) {
        List<Pieces> opened = new ArrayList<>(pieces.size());
        for (PartialContent.Piece piece : pieces) {
            Pieces next = open((StoredEntry) piece.from(), piece.parts());
            if (next == null) {
                opened.forEach(Pieces::close);
                return null;
            }
            opened.add(next);
        }
        return new PiecesInOrder(opened);
    }

    private @Nullable Pieces open(StoredEntry entry, List<RangeSelection.Part> parts) {
        ByteBuffer inline = entry.inlineBody();
        if (inline != null) {
            return StoredPieces.of(inline, parts, core::storageFailed);
        }
        try {
            BodyReader reader = core.storage.open(entry);
            return reader == null ? null : StoredPieces.of(reader, parts, core::storageFailed);
        } catch (IOException | RuntimeException e) {
            core.storageFailed("open", e);
            return null;
        }
    }

    @Override
    public CacheStep storeAndServe(Outcome.StoreAndServe step) {
        String why = whyNotStore(step);
        Pieces before = null;
        Pieces after = null;
        if (why == null && !(step.before().isEmpty() && step.after().isEmpty())) {
            before = open(step.before());
            after = open(step.after());
            why = before == null || after == null ? "a part of it was removed" : null;
        }
        AsyncEntryWriter writer = null;
        if (why == null) {
            try {
                writer = core.inlineStorage
                        .create(step.stored())
                        .toCompletableFuture()
                        .join();
            } catch (RuntimeException e) {
                core.storageFailed("create", Download.unwrapped(e));
                why = "the storage failed";
            }
        }
        if (writer == null) {
            close(before);
            close(after);
            return notStored(step, why == null ? "" : why);
        }
        answer = serveAndStore(step, writer, before, after, true);
        return step;
    }

    @Override
    public CacheStep relay(Outcome.Relay step) {
        answer = relayed(step);
        return step;
    }

    @Override
    public CacheStep notModified(Outcome.NotModified step) {
        revalidateIf(step.revalidate());
        answer = withoutBody(step, step.head(), true);
        return step;
    }

    @Override
    public CacheStep gatewayTimeout(Outcome.GatewayTimeout step) {
        answer = withoutBody(step, step.head(), false);
        return step;
    }

    @Override
    public CacheStep fail(Outcome.Fail step) throws Exception {
        originFailed(step);
        if (step.failure() instanceof Exception e) {
            throw e;
        }
        throw new IOException(step.failure());
    }
}
