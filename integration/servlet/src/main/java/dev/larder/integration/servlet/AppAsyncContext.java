package dev.larder.integration.servlet;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/** The container's asynchronous context, which finishes the application's response before it is completed. */
final class AppAsyncContext implements AsyncContext {
    private final AsyncContext container;
    private final Run run;
    private final AppResponse response;

    AppAsyncContext(AsyncContext container, Run run, AppResponse response) {
        this.container = container;
        this.run = run;
        this.response = response;
        container.addListener(new Abandoning(run));
    }

    @Override
    public void complete() {
        try {
            run.exchange().completed(run, response);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (ServletException e) {
            throw new IllegalStateException(e);
        } finally {
            container.complete();
        }
    }

    @Override
    public void dispatch() {
        run.dispatching(true);
        container.dispatch();
    }

    @Override
    public void dispatch(String path) {
        run.dispatching(true);
        container.dispatch(path);
    }

    @Override
    public void dispatch(ServletContext context, String path) {
        run.dispatching(true);
        container.dispatch(context, path);
    }

    @Override
    public ServletRequest getRequest() {
        return container.getRequest();
    }

    @Override
    public ServletResponse getResponse() {
        return container.getResponse();
    }

    @Override
    public boolean hasOriginalRequestAndResponse() {
        return container.hasOriginalRequestAndResponse();
    }

    @Override
    public void start(Runnable task) {
        container.start(task);
    }

    @Override
    public void addListener(AsyncListener listener) {
        container.addListener(new Listener(this, listener, null, null));
    }

    @Override
    public void addListener(AsyncListener listener, ServletRequest request, ServletResponse response) {
        container.addListener(new Listener(this, listener, request, response));
    }

    @Override
    public <T extends AsyncListener> T createListener(Class<T> type) throws ServletException {
        return container.createListener(type);
    }

    @Override
    public void setTimeout(long millis) {
        container.setTimeout(millis);
    }

    @Override
    public long getTimeout() {
        return container.getTimeout();
    }

    /** However the request ends, nobody waits for it for ever. */
    private record Abandoning(Run run) implements AsyncListener {
        @Override
        public void onComplete(AsyncEvent event) {
            run.exchange().close();
        }

        @Override
        public void onTimeout(AsyncEvent event) {}

        @Override
        public void onError(AsyncEvent event) {}

        @Override
        public void onStartAsync(AsyncEvent event) {}
    }

    /** Lets the application's listener complete this context and not the container's. */
    private record Listener(
            AppAsyncContext context,
            AsyncListener listener,
            @Nullable ServletRequest request,
            @Nullable ServletResponse response)
            implements AsyncListener {
        private AsyncEvent own(AsyncEvent event) {
            return new AsyncEvent(context, request, response, event.getThrowable());
        }

        @Override
        public void onComplete(AsyncEvent event) throws IOException {
            listener.onComplete(own(event));
        }

        @Override
        public void onTimeout(AsyncEvent event) throws IOException {
            listener.onTimeout(own(event));
        }

        @Override
        public void onError(AsyncEvent event) throws IOException {
            listener.onError(own(event));
        }

        @Override
        public void onStartAsync(AsyncEvent event) throws IOException {
            listener.onStartAsync(event);
        }
    }
}
