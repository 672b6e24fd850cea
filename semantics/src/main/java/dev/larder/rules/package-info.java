/** The rules of RFC 9111: storability, freshness, age, validation, invalidation. */
@NullMarked
package dev.larder.rules;

import org.jspecify.annotations.NullMarked;
