/** What a client adapter builds on: drivers that carry out the steps of the engine. */
@NullMarked
package dev.larder.client;

import org.jspecify.annotations.NullMarked;
