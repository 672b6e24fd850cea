/** An interceptor that gives OkHttp a cache. */
@NullMarked
package dev.larder.client.okhttp;

import org.jspecify.annotations.NullMarked;
