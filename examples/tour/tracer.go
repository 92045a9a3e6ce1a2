package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/authnchain/authnchain/authn"
)

// tracer records what the chain says of every request. Records of requests with
// an id that somebody waits for are told to them; the others are logged if the
// request was refused.
type tracer struct {
	log io.Writer

	mu     sync.Mutex // guards waited, and log
	waited map[string]*record
}

// record is what the chain said of one request.
type record struct {
	trace   *authn.Trace
	outcome authn.Outcome
}

type recordKey struct{}

// observe is the Observe of the Middleware.
func observe(ctx context.Context, o authn.Outcome) {
	if rec, ok := ctx.Value(recordKey{}).(*record); ok {
		rec.outcome = o
	}
}

const idHeader = "X-Request-Id"

func (t *tracer) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, trace := authn.WithTrace(r.Context())
		rec := &record{trace: trace}
		waited := t.keep(r.Header.Get(idHeader), rec)
		next.ServeHTTP(w, r.WithContext(context.WithValue(ctx, recordKey{}, rec)))
		if !waited && rec.outcome.Err != nil {
			t.mu.Lock()
			defer t.mu.Unlock()
			fmt.Fprintf(t.log, "%.16s %.256q: %s", r.Method, r.URL.Path, trace)
		}
	})
}

// await makes the tracer keep the record of the request called id.
func (t *tracer) await(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waited == nil {
		t.waited = make(map[string]*record)
	}
	t.waited[id] = nil
}

// keep reports whether somebody waits for the record.
func (t *tracer) keep(id string, rec *record) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, waited := t.waited[id]
	if waited {
		t.waited[id] = rec
	}
	return waited
}

// take returns what was kept for id, and forgets it.
func (t *tracer) take(id string) (*record, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	rec := t.waited[id]
	delete(t.waited, id)
	return rec, rec != nil
}
