/**
 * The grammar of HTTP that a cache has to understand: fields, directives, dates, tags, ranges and URIs.
 *
 * <p>Two rules hold for every file here.
 *
 * <ul>
 *   <li><b>Text from outside never throws.</b> What a peer sent is either read, or answered with {@code null}, an empty
 *       result or a named constant such as {@code INVALID}. An {@link java.lang.IllegalArgumentException} means the
 *       programmer, not the peer, made a mistake.
 *   <li><b>This package knows text, not policy.</b> No I/O, no clock (time is an argument), no threads, no regular
 *       expressions; every parser takes time linear in its input and constant stack.
 * </ul>
 *
 * <p>All types are immutable and safe to share between threads, builders excepted.
 */
@NullMarked
package dev.larder.http;

import org.jspecify.annotations.NullMarked;
