/** Execution handlers that give Apache HttpClient 5 a cache, classic and async. */
@NullMarked
package dev.larder.client.apache;

import org.jspecify.annotations.NullMarked;
