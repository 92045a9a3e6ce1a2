package fetch_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/fetch"
)

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// body is one that lasts as long as its request.
type body struct {
	io.Reader
	ctx    context.Context
	closed bool
}

func (b *body) Read(p []byte) (int, error) {
	if b.Reader != nil {
		return b.Reader.Read(p)
	}
	<-b.ctx.Done()
	return 0, b.ctx.Err()
}

func (b *body) Close() error {
	b.closed = true
	return nil
}

// The client's own timeout holds from the first byte to the last.
func TestClientTimeout(t *testing.T) {
	for name, does := range map[string]transport{
		"no answer": func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		},
		"half an answer": func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: &body{ctx: r.Context()}}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				_, err := get(t.Context(), fetch.Client(&http.Client{Transport: does, Timeout: 3 * time.Second}), "https://a.test")
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Equal(t, 3*time.Second, time.Since(began))
			})
		})
	}
}

// Nothing is sent for who has left, whatever the transport looks at.
func TestCallerHasLeft(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	asked := false
	client := fetch.Client(&http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
		asked = true
		return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
	})})
	_, err := get(ctx, client, "https://a.test")
	require.EqualError(t, err, "GET https://a.test: context canceled")
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, asked)
}

// A body is closed whatever comes of it, and its length is what was read.
func TestBodyIsClosed(t *testing.T) {
	var tooLong fetch.TooLongError
	for _, tt := range []struct {
		name   string
		code   int
		length int64 // that the header says
		text   string
		err    any // nil: there is none
	}{
		{"as long as it says", 200, 5, "12345", nil},
		{"longer than it says", 200, 2, "12345", nil},
		{"shorter than it says", 200, 1 << 40, "12345", nil},
		{"of no length that is known", 200, -1, "12345", nil},
		{"empty", 200, 0, "", nil},
		{"too long", 200, 5, strings.Repeat("x", fetch.MaxBody+1), &tooLong},
		{"another status", 500, 5, "12345", new(*fetch.StatusError)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := &body{Reader: strings.NewReader(tt.text)}
			client := fetch.Client(&http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: tt.code, ContentLength: tt.length, Body: b}, nil
			})})
			answer, err := get(t.Context(), client, "https://a.test")
			require.True(t, b.closed)
			if tt.err != nil {
				require.True(t, errors.As(err, tt.err), err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.text, string(answer.Body))
		})
	}
}

// A transport that breaks its promise breaks nothing else.
func TestNoAnswerAndNoError(t *testing.T) {
	for _, resp := range []*http.Response{nil, {StatusCode: 200}} {
		client := fetch.Client(&http.Client{Transport: transport(func(*http.Request) (*http.Response, error) { return resp, nil })})
		_, err := get(t.Context(), client, "https://a.test")
		require.EqualError(t, err, "GET https://a.test: no answer and no error")
	}
}
