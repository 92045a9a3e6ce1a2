package bearer_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
)

// The token is as long as that of an OpenID provider.
var long = strings.Repeat("a", 1100)

func BenchmarkCached(b *testing.B) {
	for _, bb := range []struct {
		name string
		judgment
	}{
		{"hit", always(authntest.User("ann", "ops", "dev"), nil)},
		{"refusal", always(nil, authn.Errorf(authn.Expired, "late"))},
		{"unknown", always(nil, nil)},
	} {
		b.Run(bb.name, func(b *testing.B) {
			c := bearer.Cached(&judge{judgment: bb.judgment}, &bearer.CacheOptions{Now: newClock().now})
			ctx := authenticator.WithAudiences(context.Background(), []string{"api"})
			b.ReportAllocs()
			for b.Loop() {
				_, _, _ = c.AuthenticateToken(ctx, long)
			}
		})
	}
}

// All ask for the same, or each for its own.
func BenchmarkCachedParallelHit(b *testing.B) {
	for _, tokens := range []int{1, 1000} {
		b.Run(fmt.Sprintf("tokens=%d", tokens), func(b *testing.B) {
			c := bearer.Cached(&judge{judgment: always(authntest.User("ann", "ops", "dev"), nil)}, nil)
			all := make([]string, tokens)
			for i := range all {
				all[i] = fmt.Sprint(long, i)
			}
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					_, _, _ = c.AuthenticateToken(context.Background(), all[i%tokens])
				}
			})
		})
	}
}

// No token comes twice, and the table is full.
func BenchmarkCachedMiss(b *testing.B) {
	for _, bb := range []struct {
		name string
		judgment
	}{
		{"accepted", always(authn.ReadOnly(authntest.User("ann", "ops", "dev")), nil)},
		{"refused", always(nil, authn.Errorf(authn.Expired, "late"))},
	} {
		b.Run(bb.name, func(b *testing.B) {
			c := bearer.Cached(&judge{judgment: bb.judgment}, &bearer.CacheOptions{MaxEntries: 1024})
			tokens := make([]string, 64<<10) // forgotten when they come again
			for i := range tokens {
				tokens[i] = fmt.Sprint(long, i)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				_, _, _ = c.AuthenticateToken(context.Background(), tokens[i%len(tokens)])
			}
		})
	}
}

func BenchmarkDigest(b *testing.B) {
	for name, h := range hashers() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				h.Sum(context.Background(), long)
			}
		})
	}
}
