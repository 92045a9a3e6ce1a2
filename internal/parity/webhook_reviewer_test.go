package parity

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
)

// reply is how the reviewer answers.
type reply struct {
	code   int
	header http.Header
	body   string
	breaks bool // the connection ends within the body
}

// asking is one question to the reviewer: what it is to answer, and what it saw.
type asking struct {
	reply reply

	mu    sync.Mutex // guards all below
	posts []string   // what was sent, as [asWritten] has it
	moved bool       // a redirect was followed
}

type askingKey struct{}

// reviewer answers whatever it is told to in the request's context. It has two
// addresses, and redirects lead to the second.
type reviewer struct {
	url, elsewhere string
	transport      *stamping
}

// stamping names the asking of the context in a header, by which the reviewer finds
// it.
type stamping struct {
	http.RoundTripper
	last atomic.Int64
	all  sync.Map // of *asking
}

const stamp = "X-Asking"

func (s *stamping) RoundTrip(r *http.Request) (*http.Response, error) {
	id := strconv.FormatInt(s.last.Add(1), 10)
	s.all.Store(id, r.Context().Value(askingKey{}))
	defer s.all.Delete(id)
	r = r.Clone(r.Context())
	r.Header.Set(stamp, id)
	return s.RoundTripper.RoundTrip(r)
}

func newReviewer(t *testing.T) *reviewer {
	t.Helper()
	v := &reviewer{transport: &stamping{RoundTripper: &http.Transport{MaxIdleConnsPerHost: 64}}}
	here, elsewhere := httptest.NewServer(v.serve(v.answer)), httptest.NewServer(v.serve(v.answerMoved))
	t.Cleanup(here.Close)
	t.Cleanup(elsewhere.Close)
	v.url, v.elsewhere = here.URL, elsewhere.URL
	return v
}

func (v *reviewer) serve(answer func(http.ResponseWriter, *http.Request, *asking)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		found, _ := v.transport.all.Load(r.Header.Get(stamp))
		answer(w, r, found.(*asking))
	})
}

func (v *reviewer) answer(w http.ResponseWriter, r *http.Request, a *asking) {
	if r.URL.Path == "/moved" {
		v.answerMoved(w, r, a)
		return
	}
	post := asWritten(r)
	a.mu.Lock()
	a.posts = append(a.posts, post)
	a.mu.Unlock()
	a.reply.write(w)
}

// answerMoved is where a redirect leads to.
func (*reviewer) answerMoved(w http.ResponseWriter, _ *http.Request, a *asking) {
	a.mu.Lock()
	a.moved = true
	a.mu.Unlock()
	reply{code: http.StatusOK, body: a.reply.body}.write(w)
}

func (p reply) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), p.header)
	if !p.breaks {
		w.WriteHeader(p.code)
		io.WriteString(w, p.body)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(p.body)+1))
	w.WriteHeader(p.code)
	io.WriteString(w, p.body)
	panic(http.ErrAbortHandler)
}

// asWritten is what a request asks, whatever the spelling.
func asWritten(r *http.Request) string {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return err.Error()
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err.Error()
	}
	text := newObject(string(body))
	if !text.valid || text.duplicate || text.broken {
		return "not plain JSON: " + string(body)
	}
	var review authenticationv1.TokenReview // v1beta1 has the same members
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&review); err != nil {
		return err.Error()
	}
	return r.Method + " " + r.URL.RequestURI() + " " + kind + " " + encode(review)
}

// asked is a context in which the reviewer answers so.
func asked(ctx context.Context, p reply) (context.Context, *asking) {
	a := &asking{reply: p}
	return context.WithValue(ctx, askingKey{}, a), a
}
