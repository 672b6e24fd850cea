package dev.larder.integration.spring.boot;

import dev.larder.policy.CachePolicy;

/** A bean of this type changes the policy that the properties describe. */
@FunctionalInterface
public interface CachePolicyCustomizer {
    /** Sets what the properties leave out, or sets it differently. */
    void customize(CachePolicy.Builder policy);
}
