/** Entries in Redis or Valkey. */
@NullMarked
package dev.larder.storage.redis;

import org.jspecify.annotations.NullMarked;
