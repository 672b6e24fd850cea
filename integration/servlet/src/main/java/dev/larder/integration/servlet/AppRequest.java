package dev.larder.integration.servlet;

import dev.larder.client.Origin;
import dev.larder.http.HttpDate;
import dev.larder.http.HttpFields;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.io.IOException;
import java.util.Collections;
import java.util.Enumeration;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The client's request as the application sees it: with the cache's conditions, and with what is asynchronous captured. */
final class AppRequest extends HttpServletRequestWrapper {
    private final Run run;
    private final AppResponse response;
    private volatile @Nullable AppAsyncContext async;

    AppRequest(Run run, AppResponse response) {
        super(run.exchange().request());
        this.run = run;
        this.response = response;
    }

    private HttpFields fields() {
        return run.request().fields();
    }

    private static boolean isCondition(String name) {
        return Origin.CHANGED_FIELDS.stream().anyMatch(name::equalsIgnoreCase);
    }

    @Override
    public @Nullable String getHeader(String name) {
        return isCondition(name) ? fields().first(name) : super.getHeader(name);
    }

    @Override
    public Enumeration<String> getHeaders(String name) {
        return isCondition(name) ? Collections.enumeration(fields().values(name)) : super.getHeaders(name);
    }

    @Override
    public Enumeration<String> getHeaderNames() {
        Set<String> names = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
        for (String name : Collections.list(super.getHeaderNames())) {
            if (!isCondition(name)) {
                names.add(name);
            }
        }
        for (int i = 0; i < fields().size(); i++) {
            if (isCondition(fields().name(i))) {
                names.add(fields().name(i));
            }
        }
        return Collections.enumeration(names);
    }

    @Override
    public long getDateHeader(String name) {
        if (!isCondition(name)) {
            return super.getDateHeader(name);
        }
        String value = fields().first(name);
        if (value == null) {
            return -1;
        }
        long date = HttpDate.parse(value, run.exchange().now());
        if (date == HttpDate.INVALID) {
            throw new IllegalArgumentException("not a date: " + name);
        }
        return date;
    }

    @Override
    public @Nullable RequestDispatcher getRequestDispatcher(String path) {
        RequestDispatcher container = super.getRequestDispatcher(path);
        return container == null ? null : new Resetting(container, response);
    }

    /** Some containers reset their own response before a forward, and not the one that they are given. */
    private record Resetting(RequestDispatcher container, AppResponse response) implements RequestDispatcher {
        @Override
        public void forward(ServletRequest request, ServletResponse to) throws ServletException, IOException {
            if (AppResponse.within(to) == response) {
                response.resetForForward();
            }
            container.forward(request, to);
        }

        @Override
        public void include(ServletRequest request, ServletResponse to) throws ServletException, IOException {
            container.include(request, to);
        }
    }

    @Override
    public boolean isAsyncSupported() {
        // In the background there is no client whose answer the container could wait for.
        return !run.background() && super.isAsyncSupported();
    }

    @Override
    public AsyncContext startAsync() {
        return startAsync(this, response);
    }

    @Override
    public AsyncContext startAsync(ServletRequest request, ServletResponse response) {
        if (run.background()) {
            throw new IllegalStateException("a revalidation in the background cannot be asynchronous");
        }
        run.async(true);
        try {
            AppAsyncContext context = new AppAsyncContext(super.startAsync(request, response), run, this.response);
            async = context;
            return context;
        } catch (RuntimeException e) {
            run.async(false);
            throw e;
        }
    }

    @Override
    public AsyncContext getAsyncContext() {
        AsyncContext known = async;
        return known == null ? super.getAsyncContext() : known;
    }
}
