/** What the owner of a cache may decide where RFC 9111 leaves a choice. */
@NullMarked
package dev.larder.policy;

import org.jspecify.annotations.NullMarked;
