package parity

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"
)

// whole is a handler and what is before it.
type whole struct {
	handler http.Handler
	saw     string // what the user was called that the innermost handler found
}

func newWhole(userFrom func(context.Context) (user.Info, bool), wrap func(http.Handler) http.Handler) *whole {
	w := &whole{}
	w.handler = wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if u, ok := userFrom(r.Context()); ok {
			w.saw = u.GetName()
		}
	}))
	return w
}

// copying does no more than to hand on a copy of the request, as whoever puts a
// user into the context must.
func copying() *whole {
	anybody := &user.DefaultInfo{Name: user.Anonymous}
	return newWhole(func(context.Context) (user.Info, bool) { return anybody, true }, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r.WithContext(r.Context())) })
	})
}

// serve is a request of a user with a token, or with no credential.
func (w *whole) serve(token, name string) func() error {
	send := newSender(token)
	recorder := httptest.NewRecorder()
	return func() error {
		w.saw = ""
		w.handler.ServeHTTP(recorder, send())
		if w.saw != name {
			return fmt.Errorf("%d, the handler saw %q", recorder.Code, w.saw)
		}
		return nil
	}
}

// requestAcceptance is auth accepting a request with a token.
func requestAcceptance(auth authenticator.Request, token string) func() error {
	send := newSender(token)
	return func() error {
		if _, ok, err := auth.AuthenticateRequest(send()); err != nil || !ok {
			return errors.Join(errors.New("refused"), err)
		}
		return nil
	}
}

// newSender returns what makes the same request ready again: upstream takes the
// credential out of it.
func newSender(token string) func() *http.Request {
	r := httptest.NewRequest(http.MethodGet, "https://api.example.com/api/v1/pods", nil)
	r.TLS = &tls.ConnectionState{}
	r.Header.Set("User-Agent", "kubectl/v1.37.2")
	r.Header.Set("Accept", "application/json")
	if token == "" {
		return func() *http.Request { return r }
	}
	authorization := []string{"Bearer " + token}
	return func() *http.Request {
		r.Header["Authorization"] = authorization
		return r
	}
}
