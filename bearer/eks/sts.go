package eks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/fetch"
	"github.com/authnchain/authnchain/internal/hide"
	"github.com/authnchain/authnchain/internal/strictjson"
)

// identity has STS say whose request p is, within the bounds of the Options.
func (a *Authenticator) identity(ctx context.Context, token string, p *presigned) (Identity, error) {
	limited, end, err := a.limits.Begin(ctx)
	if err != nil {
		return Identity{}, unavailable(err, token, p)
	}
	defer end()
	id, err := a.ask(limited, token, p)
	switch {
	case authn.ReasonOf(err) != authn.Unavailable:
		a.health.Set(nil, a.now())
	case ctx.Err() == nil: // else it was the caller who left
		a.health.Set(err, a.now())
	}
	return id, err
}

// ask asks STS, and reads what it says.
func (a *Authenticator) ask(ctx context.Context, token string, p *presigned) (Identity, error) {
	answer, err := a.send(ctx, p)
	switch {
	case err != nil:
		return Identity{}, unavailable(err, token, p)
	case answer.Status != http.StatusOK:
		return Identity{}, denied(answer, token, p)
	}
	id, err := parseIdentity(answer.Body)
	if err != nil {
		return Identity{}, unavailable(fmt.Errorf("the answer: %w", err), token, p)
	}
	if err := id.complete(); err != nil {
		return Identity{}, authn.Errorf(authn.InvalidUser, "STS knows the sender as nobody that can be a user: %w", err)
	}
	id.AccessKeyID = p.keyID
	return id, nil
}

// send sends p.
func (a *Authenticator) send(ctx context.Context, p *presigned) (*fetch.Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set(clusterHeader, a.clusterID)
	return a.renewal.Do(a.client, req, http.StatusOK, http.StatusBadRequest, http.StatusForbidden)
}

// unavailable returns the error for a token that STS did not judge. err may repeat
// what STS sent, and STS what was sent to it.
func unavailable(err error, token string, p *presigned) error {
	return &authn.Error{
		Reason:     authn.Unavailable,
		Err:        fmt.Errorf("STS: %w", hide.Error(err, secrets(token, p)...)),
		RetryAfter: fetch.RetryAfterOf(err),
	}
}

// secrets are what no text may have parts of.
func secrets(token string, p *presigned) []string {
	return []string{token, p.signature, p.security, url.QueryEscape(p.security)}
}

// reasons are those of the errors with which STS refuses a request
// (https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html).
var reasons = map[string]authn.Reason{
	"SignatureDoesNotMatch":      authn.BadSignature,
	"ExpiredToken":               authn.Expired, // that of a temporary key
	"ExpiredTokenException":      authn.Expired,
	"RequestExpired":             authn.Expired,
	"InvalidClientTokenId":       authn.UnknownKey,
	"IncompleteSignature":        authn.Malformed,
	"MissingAuthenticationToken": authn.Malformed,
}

// denied returns the error for an answer with the status 400 or 403. One that is no error
// of STS's is somebody else's, such as a proxy's, who knows nothing of the token. 400 is
// for what ails the server too, such as throttling: of those it is a known code that
// refuses.
func denied(answer *fetch.Answer, token string, p *presigned) error {
	code, message, err := parseError(answer.Body)
	if err != nil {
		return unavailable(fmt.Errorf("status %d, and %w", answer.Status, err), token, p)
	}
	reason, ok := reasons[code]
	switch {
	case strings.Contains(code, "Throttl"):
		return unavailable(fmt.Errorf("status %d, throttled", answer.Status), token, p)
	case !ok && answer.Status != http.StatusForbidden:
		return unavailable(fmt.Errorf("status %d: %s", answer.Status, clip.Quote(hide.Text(code, secrets(token, p)...))), token, p)
	case !ok:
		reason, code = authn.Refused, clip.Quote(hide.Text(code, secrets(token, p)...))
	case strings.HasPrefix(message, "Signature expired"):
		reason, code = authn.Expired, code+", since it has expired"
	case strings.HasPrefix(message, "Signature not yet current"):
		reason, code = authn.NotYetValid, code+", since its time has not come"
	}
	// The message repeats the request.
	return authn.Errorf(reason, "STS says: %s", code)
}

// parseIdentity reads the answer to GetCallerIdentity
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html).
func parseIdentity(body []byte) (Identity, error) {
	answer, err := strictjson.Parse(string(body))
	if err != nil {
		return Identity{}, err
	}
	response, err := answer.Get("GetCallerIdentityResponse").Object()
	if err != nil {
		return Identity{}, fmt.Errorf("GetCallerIdentityResponse: %w", err)
	}
	result, err := response.Get("GetCallerIdentityResult").Object()
	if err != nil {
		return Identity{}, fmt.Errorf("GetCallerIdentityResult: %w", err)
	}
	var id Identity
	for name, dst := range map[string]*string{"Account": &id.Account, "Arn": &id.ARN, "UserId": &id.UserID} {
		if *dst, err = result.Get(name).Text(); err != nil {
			return Identity{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	return id, nil
}

// idForm is that of users' and roles' ids
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html).
var idForm = regexp.MustCompile(`^\w{16,128}$`)

// complete derives what STS says in other words. For a role, UserID is the role's id,
// a colon, and the name of the session.
func (id *Identity) complete() error {
	arn, err := ParseARN(id.ARN)
	switch {
	case err != nil:
		return fmt.Errorf("the Arn: %w", err)
	case arn.Account != id.Account:
		return errors.New("the Arn: of another account than Account")
	case arn.Kind == Role && arn.Session == "":
		return errors.New("the Arn: a role, and not a session of it")
	}
	id.CanonicalARN = arn.String()
	ok := false
	switch arn.Kind {
	case Role:
		id.UserID, id.SessionName, _ = strings.Cut(id.UserID, ":")
		ok = idForm.MatchString(id.UserID) && id.SessionName == arn.Session
	case User:
		ok = idForm.MatchString(id.UserID)
	case Root:
		ok = id.UserID == arn.Account
	case FederatedUser:
		ok = id.UserID == arn.Account+":"+arn.Name
	}
	if !ok {
		return errors.New("the UserId: not that of whom Arn names")
	}
	return nil
}
