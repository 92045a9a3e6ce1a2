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

// line is a transport that answers after a while, or not at all.
type line struct {
	after  time.Duration // negative: never
	err    error
	last   []bool // whether each request was the last on its connection
	closed int    // how often idle connections were
}

func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	l.last = append(l.last, r.Close)
	if l.after >= 0 {
		select {
		case <-time.After(l.after):
			return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("{}"))}, l.err
		case <-r.Context().Done():
		}
	}
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func (l *line) CloseIdleConnections() { l.closed++ }

func request(ctx context.Context, n *fetch.Renewal, l *line) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://a.test", nil)
	if err != nil {
		return err
	}
	_, err = n.Do(&http.Client{Transport: l}, req, 200)
	return err
}

func leave(after time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(after, cancel)
	return ctx, cancel
}

func within(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}

// What came of one request decides on the connection of the next.
func TestRenewal(t *testing.T) {
	const s = time.Second
	for _, tt := range []struct {
		name  string
		line  line
		lasts time.Duration
		ctx   func(time.Duration) (context.Context, context.CancelFunc)
		due   bool
	}{
		{"an answer", line{}, s, within, false},
		{"a late answer", line{after: 9 * s}, 10 * s, within, false},
		{"an error", line{err: errors.New("reset")}, s, within, false},
		{"a late error", line{after: 9 * s, err: errors.New("reset")}, 10 * s, within, false},
		{"no answer", line{after: -1}, 10 * s, within, true},
		{"no answer at once", line{after: -1}, s / 10, within, true},
		{"the caller leaves", line{after: -1}, s, leave, true},
		{"the caller leaves at once", line{after: -1}, s - 1, leave, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n fetch.Renewal
				ctx, cancel := tt.ctx(tt.lasts)
				defer cancel()
				_ = request(ctx, &n, &tt.line)
				next := &line{}
				for range 2 {
					require.NoError(t, request(t.Context(), &n, next))
				}
				closed := 0
				if tt.due {
					closed = 1
				}
				require.Equal(t, []bool{tt.due, false}, next.last)
				require.Equal(t, closed, next.closed)
			})
		})
	}
}

// Many who met with silence on one connection have one other end.
func TestRenewalOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fetch.Renewal
		dead, alive := &line{after: -1}, &line{}
		ask := func(d time.Duration) {
			ctx, cancel := within(d)
			go func() {
				defer cancel()
				_ = request(ctx, &n, dead)
			}()
			synctest.Wait()
		}
		ask(5 * time.Second)
		time.Sleep(time.Second)
		ask(6 * time.Second)
		ask(20 * time.Second)
		time.Sleep(5 * time.Second)
		ask(10 * time.Second) // which is the last, and meets with silence again
		require.Equal(t, []bool{false, false, false, true}, dead.last)
		for range 20 {
			time.Sleep(time.Second)
			require.NoError(t, request(t.Context(), &n, alive))
		}
		require.Equal(t, make([]bool, 20), alive.last)
		require.Equal(t, 1, dead.closed)
		require.Zero(t, alive.closed)
	})
}
