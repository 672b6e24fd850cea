package dev.larder.engine;

import dev.larder.http.ContentRange;
import dev.larder.http.EntityTag;
import dev.larder.http.HttpFields;
import dev.larder.http.Methods;
import dev.larder.http.NoVarySearch;
import dev.larder.http.RequestDirectives;
import dev.larder.http.RequestHead;
import dev.larder.http.ResponseHead;
import dev.larder.http.TargetUri;
import dev.larder.policy.CacheControls;
import dev.larder.policy.CachePolicy;
import dev.larder.policy.UrlRule;
import dev.larder.rules.CacheGroups;
import dev.larder.rules.Candidate;
import dev.larder.rules.Digest;
import dev.larder.rules.Freshness;
import dev.larder.rules.Invalidation;
import dev.larder.rules.PartialContent;
import dev.larder.rules.Preconditions;
import dev.larder.rules.RangeSelection;
import dev.larder.rules.Reason;
import dev.larder.rules.StaleUse;
import dev.larder.rules.Storability;
import dev.larder.rules.StoredFields;
import dev.larder.rules.StoredResponse;
import dev.larder.rules.Validation;
import dev.larder.rules.VariantSelection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One request on its way through the engine: what has been found out so far, and what that makes of the next event. */
final class Exchange {
    private static final Set<Reason> STALE_WITHOUT_ASKING =
            EnumSet.of(Reason.STALE_ACCEPTED, Reason.STALE_WHILE_REVALIDATE, Reason.STALE_DISCONNECTED);

    private final CachePolicy policy;
    private final Supplier<String> ids;
    private final LongSupplier longestBody;
    private final RequestHead request;
    private final RequestContent content;
    private final CacheControls controls;
    /** Whether nobody waits: it is about refreshing what is stored. */
    private final boolean background;

    private final RequestDirectives directives;
    private final @Nullable List<Decision.Asked> trace;
    private final @Nullable UrlRule rule;

    private @Nullable String key;
    /** Set when the cache stands aside: nothing is read or stored. */
    private boolean aside;

    private Reason forwardReason = Reason.URI_MISS;
    private List<? extends Candidate> candidates = List.of();
    private @Nullable Candidate selected;
    /** What was found under the exact key, while {@link #searched}. */
    private List<? extends Candidate> exact = List.of();
    /** Stored parts under this key; the candidates are whole responses, unless parts are what is being validated. */
    private List<? extends Candidate> parts = List.of();

    private @Nullable PartialContent combined;
    /** Set while the origin is asked for nothing but the bytes that are missing. */
    private @Nullable ContentRange gap;

    /** Whether responses whose query need not match have been looked for (No-Vary-Search 6). */
    private boolean searched;
    /** Set while the origin is asked with validators of ours. */
    /** Why the client keeps the origin's response out of the storage; null when that is for the rules to decide. */
    private @Nullable Reason keptOut;

    private boolean validating;

    Exchange(
            CachePolicy policy,
            Supplier<String> ids,
            LongSupplier longestBody,
            RequestHead request,
            RequestContent content,
            CacheControls controls,
            boolean background) {
        this.policy = policy;
        this.ids = ids;
        this.longestBody = longestBody;
        this.request = request;
        this.content = content;
        this.controls = controls;
        this.background = background;
        this.directives = RequestDirectives.of(request.fields());
        this.rule = policy.ruleFor(request.uri());
        this.trace = controls.traced() ? new ArrayList<>() : null;
    }

    String key() {
        if (key == null) {
            key = partitioned(policy.keyOf(request, content.digest()));
        }
        return key;
    }

    private String partitioned(String key) {
        return controls.partitioned(key);
    }

    Lookup lookup() {
        searched = false;
        return new Lookup(this, key(), false);
    }

    CacheStep begin() {
        Reason why = standsAside();
        if (why == null) {
            return lookup();
        }
        note("may the cache answer or store this request?", why);
        aside = true;
        forwardReason = why;
        if (policy.offline() || (directives.onlyIfCached() && Methods.isSafe(request.method()))) {
            return gatewayTimeout(0);
        }
        return new Forward(this, request);
    }

    /** Why the cache neither reads nor stores for this request, or null when it does. */
    private @Nullable Reason standsAside() {
        if (controls.bypass() || (rule != null && rule.bypass()) || !policy.accepts(request)) {
            return Reason.BYPASS;
        }
        // Only these can be declared a query by their content.
        boolean query = content.digest() != null && (isGet() || request.method().equals("POST") || isQuery());
        if (!query) {
            if (!Methods.isSafe(request.method())) {
                return Reason.METHOD_UNSAFE;
            }
            if ((!isGet() && !isHead()) || !policy.allowsMethod(request.method())) {
                return Reason.METHOD_NOT_CACHEABLE;
            }
            if (content.present()) {
                return Reason.REQUEST_HAS_CONTENT;
            }
        }
        HttpFields fields = request.fields();
        if (fields.contains("If-Match") || fields.contains("If-Unmodified-Since")) {
            return Reason.REQUEST_ORIGIN_CONDITION;
        }
        return null;
    }

    CacheStep found(List<? extends Candidate> found, long now) {
        candidates = searched ? withEquivalent(usable(found)) : usable(found);
        separateParts();
        selected = VariantSelection.select(candidates, request);
        if (selected == null && mayIgnoreQuery() && !searched) {
            searched = true;
            exact = usable(found);
            return new Lookup(this, searchKey(), true);
        }
        if (selected == null) {
            combined = isGet() && !parts.isEmpty() ? PartialContent.of(parts, request) : null;
            if (combined != null) {
                return foundParts(combined, now);
            }
            forwardReason = candidates.isEmpty() && (parts.isEmpty() || isHead()) ? Reason.URI_MISS : Reason.VARY_MISS;
            note("is a stored response selected?", forwardReason);
            return ask(now);
        }
        StoredResponse stored = selected.stored();
        Reason reuse = reuse(stored, now);
        if (trace != null) {
            note("may the stored response be served as it is?", reuse, describe(stored, now));
        }
        if (reuse.servesStored()) {
            return serve(selected, stored, reuse, resultOf(reuse), 0, now);
        }
        forwardReason = reuse;
        return ask(now);
    }

    private String searchKey() {
        return partitioned(policy.searchKey(request));
    }

    private boolean mayIgnoreQuery() {
        return policy.noVarySearch() && content.digest() == null && (isGet() || isHead());
    }

    /** No-Vary-Search 6: what is stored for an equivalent URI, beside what is stored for this one. */
    private List<? extends Candidate> withEquivalent(List<? extends Candidate> found) {
        List<Candidate> all = new ArrayList<>(exact);
        for (Candidate candidate : found) {
            StoredResponse stored = candidate.stored();
            if (NoVarySearch.of(stored.fields()).equivalent(stored.uri(), request.uri())) {
                all.add(candidate);
            }
        }
        return all;
    }

    private void separateParts() {
        parts = List.of();
        combined = null;
        gap = null;
        boolean any = false;
        for (int i = 0; i < candidates.size() && !any; i++) {
            any = candidates.get(i).stored().status() == 206;
        }
        if (!any) {
            return;
        }
        List<Candidate> whole = new ArrayList<>();
        List<Candidate> partial = new ArrayList<>();
        List<Candidate> sameRange = new ArrayList<>();
        for (Candidate candidate : candidates) {
            StoredResponse stored = candidate.stored();
            if (PartialContent.isPart(stored)) {
                partial.add(candidate);
            } else if (stored.status() != 206) {
                whole.add(candidate);
            } else if (stored.selectedBy(request.fields())) {
                sameRange.add(candidate);
            }
        }
        candidates = VariantSelection.select(whole, request) == null && !sameRange.isEmpty() ? sameRange : whole;
        parts = partial;
    }

    /** RFC 9111 3.3: parts answer what lies wholly within them, and the rest of a whole may be asked for. */
    private CacheStep foundParts(PartialContent stored, long now) {
        Candidate newest = stored.newest();
        Reason reuse = reuse(newest.stored(), now);
        if (answerFrom(stored, newest.stored().fields()) == null) {
            forwardReason = Reason.PARTIAL;
            note("do the stored parts hold what is asked for?", Reason.PARTIAL);
            boolean completable = !request.fields().contains("Range")
                    && !Validation.hasOwnCondition(request)
                    && stored.completeLength() <= longestBody.getAsLong();
            gap = completable ? stored.gap() : null;
            return ask(now);
        }
        note("do the stored parts hold what is asked for?", Reason.COMBINED);
        note("may the stored response be served as it is?", reuse);
        // From here on they are what is stored, as one response is otherwise.
        candidates = stored.members();
        selected = newest;
        // To revalidate a part in the background would fetch the whole, which nobody asked for.
        if (reuse.servesStored() && reuse != Reason.STALE_WHILE_REVALIDATE) {
            return serve(newest, newest.stored(), reuse, resultOf(reuse), 0, now);
        }
        forwardReason = reuse == Reason.STALE_WHILE_REVALIDATE ? Reason.STALE : reuse;
        return ask(now);
    }

    /**
     * The answer that stored parts make up.
     *
     * @param range what the request's Range selects of the whole, or null for all of it
     */
    private record Answer(
            RangeSelection.@Nullable Selection range, HttpFields fields, List<PartialContent.Piece> pieces) {}

    private @Nullable Answer answerFrom(PartialContent stored, HttpFields partFields) {
        HttpFields whole = stored.wholeFields(partFields);
        RangeSelection.Selection range =
                RangeSelection.select(request, stored.newest().stored(), whole, stored.completeLength());
        List<PartialContent.Piece> pieces =
                range == null ? stored.pieces(0, stored.completeLength()) : stored.pieces(range.parts());
        return pieces == null ? null : new Answer(range, range == null ? whole : range.fields(), pieces);
    }

    /** The candidates that this request and this policy may use at all. */
    private List<? extends Candidate> usable(List<? extends Candidate> found) {
        for (int i = 0; i < found.size(); i++) {
            if (!isUsable(found.get(i).stored())) {
                List<Candidate> usable = new ArrayList<>(found.size());
                for (Candidate candidate : found) {
                    if (isUsable(candidate.stored())) {
                        usable.add(candidate);
                    }
                }
                return usable;
            }
        }
        return found;
    }

    private boolean isUsable(StoredResponse stored) {
        return !stored.digest(policy).unusable() || isForced();
    }

    private Reason reuse(StoredResponse stored, long now) {
        if (isForced()) {
            return Reason.FORCED;
        }
        Digest digest = stored.digest(policy);
        Reason reuse = Freshness.reuse(stored, digest, directives, policy, now);
        if (policy.offline() && reuse.isStale() && !digest.noStale()) {
            return Reason.STALE_DISCONNECTED;
        }
        if (!background) {
            return reuse;
        }
        if (reuse == Reason.FRESH && Freshness.isDue(stored, digest, policy, now)) {
            return Reason.REFRESH_AHEAD;
        }
        return reuse == Reason.STALE_WHILE_REVALIDATE ? Reason.STALE : reuse;
    }

    /** RFC 9111 5.2.1.5; only who forces the same request can mean otherwise. */
    private boolean refusesStoring() {
        return directives.noStore() && !controls.forceCache();
    }

    private boolean isForced() {
        return controls.forceCache() || policy.forceCache() || (rule != null && rule.forceCache());
    }

    /** Nothing stored answers: go to the origin, if the request lets us. */
    private CacheStep ask(long now) {
        if (mustNotAsk()) {
            forwardReason = policy.offline() ? Reason.OFFLINE : Reason.ONLY_IF_CACHED;
            note("may the origin be asked?", forwardReason);
            return gatewayTimeout(now);
        }
        Forward forward = forward();
        return mayShare() ? new Join(this, forward) : forward;
    }

    private boolean mustNotAsk() {
        return directives.onlyIfCached() || policy.offline();
    }

    private Forward forward() {
        if (gap != null && combined != null) {
            note("can the stored parts be completed?", Reason.COMPLETING);
            return new Forward(this, combined.completing(request, gap));
        }
        boolean ownCondition = Validation.hasOwnCondition(request);
        // A condition of the caller's on something that is not stored is for the origin alone.
        RequestHead conditional = candidates.isEmpty() || (selected == null && ownCondition) || !(isGet() || isQuery())
                ? null
                : Validation.conditional(request, selected == null ? null : selected.stored(), candidates);
        validating = conditional != null;
        if (!candidates.isEmpty()) {
            note("can the stored response be validated?", validating ? Reason.CONDITIONAL : Reason.NO_VALIDATOR);
        }
        return new Forward(this, conditional == null ? request : conditional);
    }

    /** Whether the response to this request may serve others: a caller who insists on an answer of its own gets one. */
    private boolean mayShare() {
        return policy.collapse()
                && !request.fields().contains("Range")
                && !isHead()
                && !directives.noStore()
                && !directives.noCache()
                && directives.maxAge() == RequestDirectives.ABSENT
                && !Validation.hasOwnCondition(request);
    }

    CacheStep followed(Candidate shared, Forward alone, long now) {
        StoredResponse stored = shared.stored();
        if (!stored.selectedBy(request.fields()) || !isUsable(stored)) {
            return alone;
        }
        Reason reuse = reuse(stored, now);
        note("may another request's response be shared?", reuse);
        if (!reuse.servesStored()) {
            return alone;
        }
        Decision decision = new Decision(
                CacheResult.HIT,
                Reason.COLLAPSED,
                forwardReason,
                null,
                key(),
                stored,
                stored.digest(policy),
                now,
                0,
                true,
                trace());
        return new Outcome.ServeStored(
                shared, reused(stored, decision), true, List.of(), List.of(), false, decision, this::bodyGone);
    }

    CacheStep responded(ResponseHead head, @Nullable Reason notToStore, long sentAt, long receivedAt) {
        keptOut = notToStore;
        if (aside) {
            return aside(head, sentAt, receivedAt);
        }
        if (gap != null && combined != null) {
            CacheStep completed = completed(combined, gap, head, sentAt, receivedAt);
            gap = null;
            if (completed != null) {
                return completed;
            }
        }
        if (head.status() == 304 && (validating || Validation.hasOwnCondition(request))) {
            return notModified(head, sentAt, receivedAt);
        }
        if (StaleUse.isServerError(head.status()) && selected != null) {
            Reason stale = staleUse(false, receivedAt);
            if (stale.servesStored()) {
                return serve(selected, selected.stored(), stale, CacheResult.STALE, head.status(), receivedAt);
            }
        }
        return isHead() ? headResponse(head, sentAt, receivedAt) : fullResponse(head, sentAt, receivedAt);
    }

    private Reason storing(ResponseHead head, boolean forced) {
        return keptOut != null ? keptOut : Storability.ask(request, directives, head, forced, policy);
    }

    /** RFC 9111 3.4: the whole, or null when the origin did not answer with a part of it. */
    private @Nullable CacheStep completed(
            PartialContent stored, ContentRange missing, ResponseHead head, long sentAt, long receivedAt) {
        if (head.status() != 206 && head.status() != 416 && head.status() != 304) {
            return null;
        }
        if (head.status() == 206 && stored.isCompletedBy(head, missing, receivedAt)) {
            HttpFields updated =
                    StoredFields.updated(stored.newest().stored().fields(), head.fields(), receivedAt, policy);
            ResponseHead whole = new ResponseHead(200, stored.wholeFields(updated));
            Reason storing = storing(whole, isForced() && !refusesStoring());
            List<PartialContent.Piece> before = stored.pieces(0, missing.first());
            List<PartialContent.Piece> after = stored.pieces(missing.last() + 1, stored.completeLength());
            note("may the completed response be stored?", storing);
            if (storing.allowsStoring() && before != null && after != null) {
                List<StoredResponse> replaced = new ArrayList<>();
                stored.members().forEach(member -> replaced.add(member.stored()));
                Received completed = new Received(whole, sentAt, receivedAt, 206);
                return store(completed, storing, replaced, before, after, () -> repeat(Reason.NOT_COMPLETED));
            }
        }
        note("does the origin's part complete what is stored?", Reason.NOT_COMPLETED);
        return repeat(Reason.NOT_COMPLETED);
    }

    private CacheStep aside(ResponseHead head, long sentAt, long now) {
        CacheResult result = forwardReason == Reason.BYPASS ? CacheResult.BYPASSED : CacheResult.MISS;
        if (Methods.isSafe(request.method())) {
            return relay(head, result, forwardReason, now);
        }
        boolean applies = Invalidation.applies(request, head);
        note("is what is stored invalidated?", applies ? Reason.INVALIDATED : Reason.NOT_INVALIDATED_ERROR);
        if (!applies) {
            return relay(head, result, forwardReason, now);
        }
        CacheStep answer =
                storesForGet(head) ? storeForGet(head, sentAt, now) : relay(head, result, forwardReason, now);
        Predicate<StoredResponse> groups = policy.cacheGroups() ? CacheGroups.invalidatedBy(request, head) : null;
        return new Invalidate(keysOf(Invalidation.uris(request, head)), List.of(), groups, answer);
    }

    /** RFC 9110 9.3.3: the answer to a POST can be what a later GET is answered with. */
    private boolean storesForGet(ResponseHead head) {
        return forwardReason == Reason.METHOD_UNSAFE
                && policy.allowsMethod("GET")
                && Storability.isAnswerToGet(request, head)
                && storing(head, false) == Reason.STORABLE_EXPLICIT;
    }

    private CacheStep storeForGet(ResponseHead head, long sentAt, long receivedAt) {
        note("may the response be stored?", Reason.STORABLE_EXPLICIT);
        key = partitioned(policy.keyOf(new RequestHead("GET", request.uri(), request.fields()), null));
        Received received = new Received(head, sentAt, receivedAt, head.status());
        return store(
                received,
                Reason.STORABLE_EXPLICIT,
                List.of(),
                List.of(),
                List.of(),
                () -> relay(head, CacheResult.MISS, Reason.NOT_TAKEN, receivedAt));
    }

    private Set<String> keysOf(Set<TargetUri> uris) {
        Set<String> keys = new LinkedHashSet<>();
        for (TargetUri uri : uris) {
            policy.keysOf(uri).forEach(each -> keys.add(partitioned(each)));
        }
        return keys;
    }

    private CacheStep notModified(ResponseHead head, long sentAt, long receivedAt) {
        List<Candidate> confirmed = confirmed(head);
        if (!confirmed.isEmpty()) {
            note("does the 304 confirm a stored response?", Reason.FRESHENED);
            List<StoredResponse> updated = new ArrayList<>(confirmed.size());
            for (Candidate candidate : confirmed) {
                updated.add(Validation.freshened(candidate.stored(), request, head, sentAt, receivedAt, policy));
            }
            Candidate served = confirmed.get(0);
            if (refusesStoring()) {
                // RFC 9111 5.2.1.5: no part of this response is stored, so neither is what it updates.
                return serve(served, updated.get(0), Reason.VALIDATED, CacheResult.REVALIDATED, 304, receivedAt);
            }
            return new Freshen(
                    updated,
                    () -> serve(served, updated.get(0), Reason.VALIDATED, CacheResult.REVALIDATED, 304, receivedAt),
                    this::bodyGone);
        }
        note("does the 304 confirm a stored response?", Reason.UNMATCHED_NOT_MODIFIED);
        if (!validating || answersTheCaller(head)) {
            return relay(head, CacheResult.MISS, Reason.STATUS_NOT_MODIFIED, receivedAt);
        }
        return repeat(Reason.UNMATCHED_NOT_MODIFIED);
    }

    /** Whether a 304 to a request with tags of ours names one of the caller's own: then it is the caller's answer. */
    private boolean answersTheCaller(ResponseHead head) {
        String own = request.fields().combined("If-None-Match");
        EntityTag confirmed = EntityTag.parse(head.fields().first("ETag"));
        if (own == null || confirmed == null) {
            return false;
        }
        for (EntityTag tag : EntityTag.parseList(own)) {
            if (tag.weaklyMatches(confirmed)) {
                return true;
            }
        }
        return false;
    }

    private List<Candidate> confirmed(ResponseHead head) {
        if (!validating) {
            return List.of();
        }
        // Without a tag it may as well be the caller's own tags that the origin confirmed.
        if (request.fields().contains("If-None-Match") && !head.fields().contains("ETag")) {
            return List.of();
        }
        List<Candidate> confirmed = new ArrayList<>(Validation.confirmed(List.copyOf(candidates), selected, head));
        Candidate first = confirmed.isEmpty() ? null : confirmed.get(0);
        // RFC 9111 4.3.4: what this request could not have chosen is not updated by its answer; but the origin may have
        // chosen it for this request.
        confirmed.removeIf(candidate -> candidate != selected
                && !candidate.stored().selectedBy(request.fields())
                && (candidate != first || !isAcceptedCoding(candidate.stored())));
        return confirmed;
    }

    /** Some servers give all codings one tag: they must not make us serve one that the caller did not accept. */
    private boolean isAcceptedCoding(StoredResponse stored) {
        String coding = stored.fields().combined("Content-Encoding");
        String accepted = request.fields().combined("Accept-Encoding");
        return coding == null
                || (accepted != null
                        && accepted.toLowerCase(Locale.ROOT)
                                .contains(coding.trim().toLowerCase(Locale.ROOT)));
    }

    /** The stored response cannot be used after all: ask again, without validators. */
    CacheStep bodyGone() {
        note("is the stored body still there?", Reason.BODY_GONE);
        return repeat(Reason.BODY_GONE);
    }

    private CacheStep repeat(Reason why) {
        candidates = List.of();
        selected = null;
        parts = List.of();
        combined = null;
        gap = null;
        validating = false;
        forwardReason = why;
        if (mustNotAsk()) {
            return gatewayTimeout(0);
        }
        return new Forward(this, request);
    }

    private CacheStep headResponse(ResponseHead head, long sentAt, long receivedAt) {
        Outcome relay = relay(head, CacheResult.MISS, Reason.HEAD_NOT_STORED, receivedAt);
        if (head.status() != 200 || selected == null || keptOut != null) {
            return relay;
        }
        boolean agrees = Validation.headAgrees(selected.stored(), head);
        note("does the HEAD response agree with what is stored?", agrees ? Reason.HEAD_FRESHENED : Reason.HEAD_DIFFERS);
        if (!agrees) {
            return new Invalidate(Set.of(), List.of(selected.stored()), null, relay);
        }
        if (refusesStoring()) {
            return relay;
        }
        StoredResponse updated = Validation.freshened(selected.stored(), request, head, sentAt, receivedAt, policy);
        return new Freshen(List.of(updated), () -> relay, () -> relay);
    }

    private CacheStep fullResponse(ResponseHead head, long sentAt, long receivedAt) {
        Reason storing = storing(head, isForced() && !refusesStoring());
        note("may the response be stored?", storing);
        List<Candidate> matching = new ArrayList<>(VariantSelection.matching(candidates, request));
        for (Candidate part : VariantSelection.matching(parts, request)) {
            if (!matching.contains(part)) {
                matching.add(part);
            }
        }
        List<StoredResponse> superseded = new ArrayList<>();
        if (head.status() == 206) {
            superseded.addAll(PartialContent.supersededBy(head, matching, receivedAt));
        } else {
            matching.forEach(candidate -> superseded.add(candidate.stored()));
        }
        if (storing.allowsStoring()) {
            Received received = new Received(head, sentAt, receivedAt, head.status());
            return store(
                    received,
                    storing,
                    superseded,
                    List.of(),
                    List.of(),
                    () -> relay(head, CacheResult.MISS, Reason.NOT_TAKEN, receivedAt));
        }
        Outcome relay = relay(head, CacheResult.MISS, storing, receivedAt);
        // RFC 9111 4.3.3: the answer shows that what is stored is not suitable. An error says nothing about it.
        if (superseded.isEmpty() || head.status() >= 500 || !supersedes(storing)) {
            return relay;
        }
        note("is what is stored replaced?", Reason.SUPERSEDED);
        return new Invalidate(Set.of(), superseded, null, relay);
    }

    /** Not storing for this request's sake says nothing about what is stored for others. */
    private static boolean supersedes(Reason notStoring) {
        return notStoring != Reason.REQUEST_NO_STORE
                && notStoring != Reason.HEAD_BROKEN_OFF
                && notStoring != Reason.REQUEST_UNKNOWN
                && notStoring != Reason.STATUS_NEVER_STORED
                && notStoring != Reason.STATUS_PARTIAL
                && notStoring != Reason.STATUS_NOT_MODIFIED;
    }

    /**
     * A response to be stored.
     *
     * @param status the origin's status, which differs from the head's when a part completes a whole
     */
    private record Received(ResponseHead head, long sentAt, long receivedAt, int status) {}

    private CacheStep store(
            Received received,
            Reason storing,
            List<StoredResponse> superseded,
            List<PartialContent.Piece> before,
            List<PartialContent.Piece> after,
            Supplier<CacheStep> unstored) {
        ResponseHead head = received.head();
        long receivedAt = received.receivedAt();
        String id = ids.get();
        HttpFields fields = StoredFields.kept(StoredFields.of(head.fields(), receivedAt), policy);
        boolean ignoresQuery = mayIgnoreQuery() && !NoVarySearch.of(fields).isDefault();
        String storedKey = ignoresQuery ? searchKey() : key();
        List<StoredResponse> replaced = new ArrayList<>(superseded);
        replaced.removeIf(each -> !each.key().equals(storedKey));
        List<StoredResponse> elsewhere = new ArrayList<>(superseded);
        elsewhere.removeAll(replaced);
        Duration ttl = controls.ttl() != null
                ? controls.ttl()
                : rule != null && rule.ttl() != null ? rule.ttl() : policy.ttl();
        StoredResponse stored = StoredResponse.builder()
                .id(id)
                .key(storedKey)
                .method(request.method())
                .uri(policy.storedUri(request.uri()))
                .status(head.status())
                .fields(fields)
                .selecting(VariantSelection.selectingFields(new ResponseHead(head.status(), fields), request, id))
                .times(received.sentAt(), receivedAt)
                .createdAt(receivedAt)
                .authorized(request.fields().contains("Authorization"))
                .ttl(
                        ttl == null ? StoredResponse.NO_TTL : ttl.toMillis(),
                        controls.ttl() == null ? policy.slidingTtl() : controls.slidingTtl())
                .tags(controls.tags())
                .build();
        Decision decision = new Decision(
                CacheResult.MISS,
                forwardReason,
                forwardReason,
                storing,
                storedKey,
                stored,
                stored.digest(policy),
                receivedAt,
                received.status(),
                false,
                trace());
        Outcome outcome = new Outcome.StoreAndServe(
                stored, replaced, before, after, withCacheStatus(head, decision), decision, unstored);
        return elsewhere.isEmpty() ? outcome : new Invalidate(Set.of(), elsewhere, null, outcome);
    }

    CacheStep failed(Throwable failure, long now) {
        if (selected != null && !aside) {
            Reason stale = staleUse(true, now);
            if (stale.servesStored()) {
                return serve(selected, selected.stored(), stale, CacheResult.STALE, 0, now);
            }
        }
        return new Outcome.Fail(failure, decision(CacheResult.MISS, Reason.ORIGIN_FAILED, null, now, 0));
    }

    private Reason staleUse(boolean disconnected, long now) {
        StoredResponse stored = Objects.requireNonNull(selected).stored();
        Reason stale = StaleUse.afterFailure(stored, stored.digest(policy), directives, policy, disconnected, now);
        note("may a stale response stand in for the failure?", stale);
        return stale;
    }

    private Outcome serve(
            Candidate candidate, StoredResponse stored, Reason why, CacheResult result, int forwardStatus, long now) {
        boolean notModified = Validation.hasOwnCondition(request) && Preconditions.notModified(request, stored);
        if (notModified) {
            note("is the request's own condition false?", Reason.CONDITION_NOT_MODIFIED);
        }
        Digest digest = stored.digest(policy);
        Reason forwardedFor = result == CacheResult.HIT || STALE_WITHOUT_ASKING.contains(why) ? null : forwardReason;
        Decision decision = new Decision(
                result, why, forwardedFor, null, key(), stored, digest, now, forwardStatus, false, trace());
        if (notModified) {
            HttpFields fields = Preconditions.notModifiedFields(aged(stored, decision));
            return new Outcome.NotModified(
                    stored, withCacheStatus(new ResponseHead(304, fields), decision), revalidates(why), decision);
        }
        HttpFields fields = aged(stored, decision);
        if (why != Reason.VALIDATED) {
            fields = StoredFields.reusable(fields, policy);
        }
        if (combined != null && PartialContent.isPart(stored)) {
            return serveParts(combined, fields, decision);
        }
        RangeSelection.Selection ranges = request.fields().contains("Range")
                ? RangeSelection.select(request, stored, fields, candidate.bodyLength())
                : null;
        if (ranges != null) {
            note("does the stored response hold the range?", Reason.RANGE_SERVED);
            fields = ranges.fields();
        }
        return new Outcome.ServeStored(
                candidate,
                withCacheStatus(new ResponseHead(ranges == null ? stored.status() : ranges.status(), fields), decision),
                !isHead() && (ranges == null || !ranges.parts().isEmpty()),
                ranges == null ? List.of() : ranges.parts(),
                List.of(),
                revalidates(why) || isDue(stored, why, now),
                decision,
                this::bodyGone);
    }

    private Outcome serveParts(PartialContent stored, HttpFields fields, Decision decision) {
        // It was there when the parts were found, and the parts are still the same.
        Answer answer = Objects.requireNonNull(answerFrom(stored, fields));
        List<PartialContent.Piece> pieces = answer.pieces();
        boolean withBody = !pieces.isEmpty();
        return new Outcome.ServeStored(
                withBody ? pieces.get(0).from() : stored.newest(),
                withCacheStatus(
                        new ResponseHead(
                                answer.range() == null ? 200 : answer.range().status(), answer.fields()),
                        decision),
                withBody,
                withBody ? pieces.get(0).parts() : List.of(),
                withBody ? pieces.subList(1, pieces.size()) : List.of(),
                false,
                decision,
                this::bodyGone);
    }

    private boolean isDue(StoredResponse stored, Reason why, long now) {
        return why == Reason.FRESH
                && !background
                && !mustNotAsk()
                && Freshness.isDue(stored, stored.digest(policy), policy, now);
    }

    private boolean revalidates(Reason why) {
        return why == Reason.STALE_WHILE_REVALIDATE && !mustNotAsk();
    }

    private ResponseHead reused(StoredResponse stored, Decision decision) {
        HttpFields fields = StoredFields.reusable(aged(stored, decision), policy);
        return withCacheStatus(new ResponseHead(stored.status(), fields), decision);
    }

    /** RFC 9111 4: a reused response carries its age. */
    private static HttpFields aged(StoredResponse stored, Decision decision) {
        return stored.fieldsAged(decision.ageMillis());
    }

    private static CacheResult resultOf(Reason reuse) {
        return STALE_WITHOUT_ASKING.contains(reuse) ? CacheResult.STALE : CacheResult.HIT;
    }

    private Outcome.Relay relay(ResponseHead head, CacheResult result, Reason storing, long now) {
        Decision decision = decision(result, forwardReason, storing, now, head.status());
        return new Outcome.Relay(withCacheStatus(head, decision), decision);
    }

    private Outcome gatewayTimeout(long now) {
        // RFC 9211 2: a response that is generated here and based on nothing stored gets no Cache-Status.
        return new Outcome.GatewayTimeout(
                new ResponseHead(504, HttpFields.of("Content-Length", "0")),
                decision(CacheResult.MISS, policy.offline() ? Reason.OFFLINE : Reason.ONLY_IF_CACHED, null, now, 0));
    }

    private Decision decision(CacheResult result, Reason reason, @Nullable Reason storing, long now, int status) {
        return new Decision(
                result, reason, forwardReason, storing, aside ? null : key(), null, null, now, status, false, trace());
    }

    private ResponseHead withCacheStatus(ResponseHead head, Decision decision) {
        if (!policy.cacheStatus()) {
            return head;
        }
        return new ResponseHead(head.status(), CacheStatus.appended(head.fields(), policy.cacheName(), decision));
    }

    private boolean isGet() {
        return request.method().equals("GET");
    }

    private boolean isQuery() {
        return request.method().equals("QUERY");
    }

    private boolean isHead() {
        return request.method().equals("HEAD");
    }

    private List<Decision.Asked> trace() {
        return trace == null ? List.of() : List.copyOf(trace);
    }

    private void note(String question, Reason answer) {
        note(question, answer, "");
    }

    private void note(String question, Reason answer, String detail) {
        if (trace != null) {
            trace.add(new Decision.Asked(question, answer, detail));
        }
    }

    private String describe(StoredResponse stored, long now) {
        Digest digest = stored.digest(policy);
        return "lifetime " + digest.lifetime() / 1000 + " s (" + digest.lifetimeSource() + "), age "
                + digest.currentAge(stored, now) / 1000 + " s";
    }
}
