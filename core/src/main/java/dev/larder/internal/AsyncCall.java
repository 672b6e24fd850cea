package dev.larder.internal;

import dev.larder.client.Answer;
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
import dev.larder.storage.StoredEntry;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The asynchronous driver: composes what each step says, and never waits.
 *
 * <p>A handler's method answers the next step, or a stage of null when it has completed the result.
 */
public final class AsyncCall<B> extends CallState<B>
        implements StepHandler<CompletionStage<@Nullable CacheStep>, RuntimeException> {
    private final Origin.Async<B> origin;
    private final CompletableFuture<Answer<B>> result = new CompletableFuture<>();
    /** What the caller's cancellation has to cancel: the origin request under way. */
    private volatile @Nullable Future<?> underway;

    /** One request; {@link #run} is called once. */
    public AsyncCall(CacheCore core, Call call, BodyKind<B> kind, Origin.Async<B> origin) {
        this(core, call, kind, origin, false);
    }

    private AsyncCall(CacheCore core, Call call, BodyKind<B> kind, Origin.Async<B> origin, boolean background) {
        super(core, call, kind, background);
        this.origin = origin;
    }

    /** Does it. Cancelling the result cancels the origin request under way. */
    public CompletableFuture<Answer<B>> run() {
        result.whenComplete((answer, failure) -> {
            Future<?> request = underway;
            if (result.isCancelled() && request != null) {
                request.cancel(true);
            }
        });
        advance(begin());
        return result;
    }

    /** A loop, not a recursion, as long as stages complete at once: a hit in memory is one pass through it. */
    private void advance(@Nullable CacheStep first) {
        CacheStep step = first;
        while (step != null) {
            if (result.isDone()) {
                // Cancelled: whoever waits for this request has to go on without it.
                endFlight(Landing.LOOK_AGAIN);
                discardUnread();
                return;
            }
            CompletableFuture<@Nullable CacheStep> next;
            try {
                next = step.accept(this).toCompletableFuture();
            } catch (RuntimeException | Error e) {
                fail(e);
                return;
            }
            if (!next.isDone() || next.isCompletedExceptionally()) {
                next.whenComplete((then, failure) -> {
                    if (failure == null) {
                        advance(then);
                    } else {
                        fail(failure);
                    }
                });
                return;
            }
            step = next.join();
        }
    }

    private void fail(Throwable failure) {
        endFlight(Landing.LOOK_AGAIN);
        discardUnread();
        result.completeExceptionally(Download.unwrapped(failure));
    }

    private CompletionStage<@Nullable CacheStep> answer(Answer<B> answer) {
        if (!result.complete(answer)) {
            // Cancelled in the meantime: nobody will read the body.
            if (answer.body() != null) {
                answer.body().close();
            } else if (answer.relayed() != null) {
                kind.discard(answer.relayed());
            }
        }
        return CompletableFuture.completedFuture(null);
    }

    private static CompletionStage<@Nullable CacheStep> then(CacheStep step) {
        return CompletableFuture.completedFuture(step);
    }

    @Override
    void beginInBackground(Runnable done) {
        origin.revalidate(
                over -> inBackground(() -> {
                    done.run();
                    over.run();
                }),
                core.executor);
    }

    @Override
    void inBackground(Runnable done) {
        new AsyncCall<>(core, call, kind, origin.inBackground(), true).run().whenComplete((answered, failure) -> {
            if (failure == null) {
                drain(answered, done);
            } else {
                // The origin failed: the response stays stale, and a later request will ask again.
                done.run();
            }
        });
    }

    @Override
    public CompletionStage<@Nullable CacheStep> lookup(Lookup step) {
        lookingUp(step);
        return found(step.key()).thenApply(entries -> step.found(entries, now()));
    }

    /** Looks under every key there is for the request. */
    private CompletionStage<CacheStep> looked(Lookup step) {
        lookingUp(step);
        return found(step.key()).thenCompose(entries -> {
            CacheStep next = step.found(entries, now());
            return next instanceof Lookup further ? looked(further) : CompletableFuture.completedFuture(next);
        });
    }

    private CompletionStage<List<StoredEntry>> found(String key) {
        CompletionStage<List<StoredEntry>> entries = core.owed.concern(key)
                ? madeUpFor(key).thenCompose(done -> core.asyncStorage.lookup(key))
                : core.asyncStorage.lookup(key);
        return entries.exceptionally(e -> {
            lookupFailed(Download.unwrapped(e));
            return List.of();
        });
    }

    private CompletionStage<?> madeUpFor(String key) {
        return CompletableFuture.runAsync(
                () -> {
                    try {
                        core.owed.makeUpFor(key, core.storage);
                    } catch (IOException e) {
                        throw new CompletionException(e);
                    }
                },
                core.executor);
    }

    @Override
    public CompletionStage<@Nullable CacheStep> join(Join step) {
        Flight flight = joined(step);
        if (flight == null) {
            return lead(step);
        }
        CompletableFuture<Landing> landing = flight.landing();
        if (call.patience() != null) {
            landing = landing.copy().orTimeout(patienceLeft(), TimeUnit.NANOSECONDS);
        }
        // On the executor: a thousand followers must not run on the leader's thread.
        return landing.handleAsync(
                (landed, failure) -> {
                    Landing known;
                    try {
                        known = failure == null ? landed : impatient();
                    } catch (SocketTimeoutException e) {
                        throw new CompletionException(e);
                    }
                    return switch (known.advice()) {
                        case LOOK_AGAIN -> step.again();
                        case GO_ALONE -> step.alone();
                        case SHARE -> step.followed(Objects.requireNonNull(known.entry()), now());
                    };
                },
                core.executor);
    }

    private CompletionStage<@Nullable CacheStep> lead(Join step) {
        if (!mayLease()) {
            return leadHere(step);
        }
        CompletableFuture<@Nullable Void> over = new CompletableFuture<>();
        askForLease(step.key(), over);
        return over.thenCompose(done -> leadHere(step));
    }

    /** Until the lease is had, or not worth waiting for. */
    private void askForLease(String key, CompletableFuture<@Nullable Void> over) {
        core.asyncStorage.lease(key).whenComplete((lease, failure) -> {
            if (failure != null) {
                leaseFailed(Download.unwrapped(failure));
            }
            if (failure != null || !isWorthWaitingFor(lease) || result.isDone()) {
                over.complete(null);
                return;
            }
            new CompletableFuture<@Nullable Void>()
                    .completeOnTimeout(null, LEASE_PAUSE_MILLIS, TimeUnit.MILLISECONDS)
                    .thenRunAsync(() -> askForLease(key, over), core.executor)
                    .whenComplete((done, refused) -> {
                        if (refused != null) {
                            over.completeExceptionally(refused);
                        }
                    });
        });
    }

    private CompletionStage<@Nullable CacheStep> leadHere(Join step) {
        if (!mayHaveMissedAFlight()) {
            return then(step.lead());
        }
        Lookup again = step.again();
        return looked(again).thenApply(next -> {
            if (next instanceof Join join) {
                return join.lead();
            }
            if (!(next instanceof Forward)) {
                endFlight(Landing.LOOK_AGAIN);
            }
            return next;
        });
    }

    @Override
    public CompletionStage<@Nullable CacheStep> forward(Forward step) {
        forwarding();
        long sentAt = now();
        CompletionStage<Origin.Response<B>> sent;
        try {
            sent = origin.send(step.request());
        } catch (RuntimeException e) {
            return then(step.failed(e, now()));
        }
        CompletableFuture<Origin.Response<B>> request = sent.toCompletableFuture();
        underway = request;
        if (result.isCancelled()) {
            request.cancel(true);
        }
        return request.handle((response, failure) -> {
            underway = null;
            if (result.isCancelled()) {
                // The caller gave up, which says nothing about the origin: another request may lead.
                if (response != null) {
                    kind.discard(response.body());
                }
                endFlight(Landing.LOOK_AGAIN);
                return null;
            }
            if (failure != null) {
                return step.failed(Download.unwrapped(failure), now());
            }
            received(response);
            return step.responded(response.head(), response.keptOut(), sentAt, now());
        });
    }

    @Override
    public CompletionStage<@Nullable CacheStep> freshen(Freshen step) {
        return freshen(step, 0);
    }

    private CompletionStage<@Nullable CacheStep> freshen(Freshen step, int index) {
        if (index == step.updated().size()) {
            return then(step.done());
        }
        StoredResponse updated = step.updated().get(index);
        return core.asyncStorage
                .freshen(updated)
                .handle((there, failure) -> {
                    if (failure != null) {
                        core.storageFailed("freshen", Download.unwrapped(failure));
                    } else if (there) {
                        core.freshened(updated);
                    } else if (index == 0) {
                        return then(step.vanished());
                    }
                    return freshen(step, index + 1);
                })
                .thenCompose(next -> next);
    }

    @Override
    public CompletionStage<@Nullable CacheStep> invalidate(Invalidate step) {
        forget(step);
        CompletionStage<?> all = CompletableFuture.completedFuture(null);
        for (String key : step.keys()) {
            all = all.thenCompose(done -> core.asyncStorage.removeKey(key).handle((removed, failure) -> {
                if (failure != null) {
                    core.owed.owe(key);
                    core.storageFailed("invalidate", Download.unwrapped(failure));
                } else {
                    core.invalidated(key, removed, Reason.INVALIDATED);
                }
                return null;
            }));
        }
        for (StoredResponse entry : step.entries()) {
            all = all.thenCompose(done -> core.asyncStorage
                    .remove(entry.key(), entry.id())
                    .handle((removed, failure) -> {
                        if (failure != null) {
                            core.owed.owe(entry.key());
                            core.storageFailed("remove", Download.unwrapped(failure));
                        } else {
                            core.invalidated(entry.key(), removed ? 1 : 0, Reason.SUPERSEDED);
                        }
                        return null;
                    }));
        }
        Predicate<StoredResponse> condition = step.condition();
        if (condition != null) {
            all = all.thenCompose(done -> core.asyncStorage.removeIf(condition).handle((removed, failure) -> {
                if (failure != null) {
                    core.owed.owe(condition);
                    core.storageFailed("removeIf", Download.unwrapped(failure));
                } else {
                    core.invalidated("groups", removed, Reason.GROUP_INVALIDATED);
                }
                return null;
            }));
        }
        return all.thenApply(done -> step.done());
    }

    @Override
    public CompletionStage<@Nullable CacheStep> serveStored(Outcome.ServeStored step) {
        StoredEntry candidate = (StoredEntry) step.candidate();
        Pieces shared = step.withBody() ? attached(candidate, false) : null;
        if (shared != null) {
            return answer(serve(step, candidate, new PieceBody(shared), 0));
        }
        StoredEntry entry = entryOf(candidate);
        if (entry != null) {
            return serve(step, entry);
        }
        return found(candidate.stored().key()).thenCompose(entries -> {
            StoredEntry stored = find(entries, candidate.stored().id());
            return stored == null ? then(step.gone()) : serve(step, stored);
        });
    }

    private CompletionStage<@Nullable CacheStep> serve(Outcome.ServeStored step, StoredEntry entry) {
        if (!step.withBody()) {
            revalidateIf(step.revalidate());
            return answer(serve(step, entry, MemoryBody.EMPTY, core.used(entry)));
        }
        ByteBuffer inline = entry.inlineBody();
        if (inline != null && step.more().isEmpty()) {
            revalidateIf(step.revalidate());
            return answer(serve(step, entry, inMemory(inline, step.parts()), core.used(entry)));
        }
        return open(entry, step.parts())
                .thenCompose(first -> first == null || step.more().isEmpty()
                        ? CompletableFuture.completedFuture(first)
                        : followedBy(first, step.more()))
                .thenCompose(pieces -> {
                    if (pieces == null) {
                        return then(step.gone());
                    }
                    revalidateIf(step.revalidate());
                    return answer(serve(step, entry, new PieceBody(pieces), core.used(entry)));
                });
    }

    private CompletionStage<@Nullable Pieces> followedBy(Pieces first, List<PartialContent.Piece> more) {
        return open(more).thenApply(rest -> {
            if (rest == null) {
                first.close();
                return null;
            }
            return new PiecesInOrder(List.of(first, rest));
        });
    }

    /** Of null when one of them is gone. */
    private CompletionStage<@Nullable Pieces> open(List<PartialContent.Piece> pieces) {
        CompletionStage<@Nullable List<Pieces>> all = CompletableFuture.completedFuture(new ArrayList<>());
        for (PartialContent.Piece piece : pieces) {
            all = all.thenCompose(opened -> opened == null
                    ? CompletableFuture.<@Nullable List<Pieces>>completedFuture(null)
                    : open((StoredEntry) piece.from(), piece.parts()).<@Nullable List<Pieces>>thenApply(next -> {
                        if (next == null) {
                            opened.forEach(Pieces::close);
                            return null;
                        }
                        opened.add(next);
                        return opened;
                    }));
        }
        return all.thenApply(opened -> opened == null ? null : new PiecesInOrder(opened));
    }

    private CompletionStage<@Nullable Pieces> open(StoredEntry entry, List<RangeSelection.Part> parts) {
        ByteBuffer inline = entry.inlineBody();
        if (inline != null) {
            return CompletableFuture.completedFuture(StoredPieces.of(inline, parts, core::storageFailed));
        }
        return core.asyncStorage.open(entry).handle((reader, failure) -> {
            if (failure != null) {
                core.storageFailed("open", Download.unwrapped(failure));
            }
            return failure != null || reader == null ? null : StoredPieces.of(reader, parts, core::storageFailed);
        });
    }

    @Override
    public CompletionStage<@Nullable CacheStep> storeAndServe(Outcome.StoreAndServe step) {
        String why = whyNotStore(step);
        if (why != null) {
            return then(notStored(step, why));
        }
        if (step.before().isEmpty() && step.after().isEmpty()) {
            return store(step, null, null);
        }
        return open(step.before())
                .thenCompose(before -> open(step.after()).thenCompose(after -> {
                    if (before == null || after == null) {
                        close(before);
                        close(after);
                        return then(notStored(step, "a part of it was removed"));
                    }
                    return store(step, before, after);
                }));
    }

    private CompletionStage<@Nullable CacheStep> store(
            Outcome.StoreAndServe step, @Nullable Pieces before, @Nullable Pieces after) {
        return core.asyncStorage
                .create(step.stored())
                .<@Nullable AsyncEntryWriter>handle((writer, failure) -> {
                    if (failure != null) {
                        core.storageFailed("create", Download.unwrapped(failure));
                    }
                    return writer;
                })
                .thenCompose(writer -> {
                    if (writer == null) {
                        close(before);
                        close(after);
                        return then(notStored(step, "the storage failed"));
                    }
                    return answer(serveAndStore(step, writer, before, after, false));
                });
    }

    @Override
    public CompletionStage<@Nullable CacheStep> relay(Outcome.Relay step) {
        return answer(relayed(step));
    }

    @Override
    public CompletionStage<@Nullable CacheStep> notModified(Outcome.NotModified step) {
        revalidateIf(step.revalidate());
        return answer(withoutBody(step, step.head(), true));
    }

    @Override
    public CompletionStage<@Nullable CacheStep> gatewayTimeout(Outcome.GatewayTimeout step) {
        return answer(withoutBody(step, step.head(), false));
    }

    @Override
    public CompletionStage<@Nullable CacheStep> fail(Outcome.Fail step) {
        originFailed(step);
        result.completeExceptionally(step.failure());
        return CompletableFuture.completedFuture(null);
    }
}
