package parity

import (
	"crypto/x509"
	"net/http"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/group"
	upstreamanonymous "k8s.io/apiserver/pkg/authentication/request/anonymous"
	"k8s.io/apiserver/pkg/authentication/request/bearertoken"
	requestunion "k8s.io/apiserver/pkg/authentication/request/union"
	upstreamx509 "k8s.io/apiserver/pkg/authentication/request/x509"
	tokenunion "k8s.io/apiserver/pkg/authentication/token/union"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/endpoints/filters"
	"k8s.io/apiserver/pkg/endpoints/request"

	"github.com/authnchain/authnchain/anonymous"
	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/union"
	ourx509 "github.com/authnchain/authnchain/x509"
)

// staticJane is a token of tokenFile.
const staticJane = "static-jane"

// wholeCached is a request with a token that has been accepted before.
func (b bench) wholeCached() contest {
	token := b.token("RS256", 1)
	return contest{"whole request, cached token", []way{
		other(limit, digest(token)),
		other(upstream, upstreamWhole(b.upstream(1, mappingsByClaim)).serve(token, benchUser)),
		other("go-guardian", guardianAcceptance(guardianChain(guardianCache(b.mux(1))), token, benchUser)),
		ours("authn", ourWhole(ourCache(b.mux(1))).serve(token, benchUser), 1.6, 5),
	}}
}

// wholeAnonymous is a request without a credential.
func (b bench) wholeAnonymous() contest {
	return contest{"whole request, no credential", []way{
		other(limit, copying().serve("", user.Anonymous)),
		other(upstream, upstreamWhole(b.upstream(1, mappingsByClaim)).serve("", user.Anonymous)),
		ours("authn", ourWhole(ourCache(b.mux(1))).serve("", user.Anonymous), 10, 4),
	}}
}

// wholeStatic is a request with a token of a file. Upstream has its cache around
// that too; ours has it around what is worth it. The bare ways have no chain, no
// middleware and no handler: there, upstream is spared the digest, as it keeps the
// tokens themselves.
func (b bench) wholeStatic() contest {
	theirs, own := b.staticTokens()
	return contest{"whole request, static token", []way{
		other(limit, lookUp(staticJane)),
		other(upstream, upstreamWhole(tokenunion.New(theirs, b.upstream(1, mappingsByClaim))).serve(staticJane, "jane")),
		other("go-guardian", guardianAcceptance(guardianChain(guardianStatic(staticJane, "jane")), staticJane, "jane")),
		other("upstream, bare", requestAcceptance(bearertoken.New(theirs), staticJane)),
		ours("authn", ourWhole(union.Tokens(own, ourCache(b.mux(1)))).serve(staticJane, "jane"), 2, 0),
		ours("bearer, bare", requestAcceptance(bearer.New(own), staticJane), 2, 0),
	}}
}

// upstreamWhole is put together as kube-apiserver does it.
func upstreamWhole(tokens authenticator.Token) *whole {
	certificates := upstreamx509.NewDynamic(func() (x509.VerifyOptions, bool) {
		options := upstreamx509.DefaultVerifyOptions()
		options.Roots = x509.NewCertPool()
		return options, true
	}, upstreamx509.CommonNameUserConversion)
	auth := group.NewAuthenticatedGroupAdder(requestunion.New(certificates, bearertoken.New(upstreamCache(tokens))))
	auth = requestunion.NewFailOnError(auth, upstreamanonymous.NewAuthenticator(nil))
	return newWhole(request.UserFrom, func(next http.Handler) http.Handler {
		return filters.WithAuthentication(next, auth, filters.Unauthorized(statusCodecs()), nil, nil)
	})
}

func ourWhole(tokens authenticator.Token) *whole {
	auth := anonymous.New(union.Requests(ourx509.New(x509.NewCertPool()), bearer.New(tokens)))
	return newWhole(authn.UserFrom, authn.Middleware{Authenticator: auth}.Wrap)
}
