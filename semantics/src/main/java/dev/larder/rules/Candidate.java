package dev.larder.rules;

/**
 * A stored response that a storage found under a key. A storage's own class carries beside the head what it needs to
 * open the body; the rules look at the head alone.
 */
public interface Candidate {
    /** The head. */
    StoredResponse stored();

    /** The length of its body in bytes, or -1 when that is not known yet. */
    long bodyLength();
}
