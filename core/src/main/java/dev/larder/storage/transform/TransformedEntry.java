package dev.larder.storage.transform;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.StoredEntry;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** An entry as it was before it was transformed. */
final class TransformedEntry extends StoredEntry {
    final TransformedStorage owner;
    final StoredEntry below;
    final Envelope.BodyPlan plan;

    TransformedEntry(
            TransformedStorage owner,
            StoredEntry below,
            StoredResponse head,
            Envelope.BodyPlan plan,
            long bodyLength,
            @Nullable ByteBuffer inlineBody) {
        super(head, bodyLength, inlineBody);
        this.owner = owner;
        this.below = below;
        this.plan = plan;
    }
}
