/** Auto-configuration of a cache and of the clients that use it. */
@NullMarked
package dev.larder.integration.spring.boot;

import org.jspecify.annotations.NullMarked;
