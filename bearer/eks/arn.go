package eks

import (
	"errors"
	"regexp"
	"strings"
)

// The kinds of an [ARN] that an identity can have.
const (
	Role          = "role"
	User          = "user"
	Root          = "root"
	FederatedUser = "federated-user"
)

// ARN is the Amazon Resource Name of somebody.
type ARN struct {
	// Partition is "aws", "aws-cn", "aws-us-gov" …
	Partition string

	// Account has twelve digits.
	Account string

	// Kind is [Role], [User], [Root] or [FederatedUser].
	Kind string

	// Name is what it is called, with its path if there is one: "Bob",
	// "division/Bob". That of Root is empty.
	Name string

	// Session is the name of a role's session, which is no part of the canonical form.
	// It is empty for an ARN that is not of one.
	Session string
}

var (
	partitionForm = regexp.MustCompile(`^aws(-[a-z]+)*$`)
	accountForm   = regexp.MustCompile(`^[0-9]{12}$`)
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html; paths
	// may have more than names
	nameForm = regexp.MustCompile(`^[!-~]+$`)
)

const maxARN = 2048

// ParseARN reads the ARN of a role, a user, the root of an account, a federated user
// or, as STS tells them, a role's session:
//
//	arn:aws:iam::111122223333:role/Admin
//	arn:aws:iam::111122223333:user/division/Bob
//	arn:aws:iam::111122223333:root
//	arn:aws:sts::111122223333:federated-user/Bob
//	arn:aws:sts::111122223333:assumed-role/Admin/bob@example.com
//
// Its errors hold nothing of the text.
func ParseARN(text string) (ARN, error) {
	parts := strings.SplitN(text, ":", 6)
	switch {
	case len(text) > maxARN:
		return ARN{}, errors.New("an ARN of more than 2048 bytes")
	case len(parts) != 6 || parts[0] != "arn":
		return ARN{}, errors.New("not an ARN: want arn:partition:service:region:account:resource")
	case !partitionForm.MatchString(parts[1]):
		return ARN{}, errors.New("the ARN's partition is not aws or one that begins with aws-")
	case parts[3] != "":
		return ARN{}, errors.New("the ARN has a region")
	case !accountForm.MatchString(parts[4]):
		return ARN{}, errors.New("the ARN's account has not twelve digits")
	}
	a := ARN{Partition: parts[1], Account: parts[4]}
	if !a.setResource(parts[2], parts[5]) {
		return ARN{}, errors.New("not the ARN of a role, a user, an account's root, a federated user or a role's session")
	}
	return a, nil
}

// setResource reads the last part of an ARN, and reports whether it is somebody.
func (a *ARN) setResource(service, resource string) bool {
	kind, name, named := strings.Cut(resource, "/")
	a.Kind, a.Name = kind, name
	switch {
	case service == "iam" && kind == Root:
		return !named
	case service == "iam" && (kind == Role || kind == User), service == "sts" && kind == FederatedUser:
		return isName(name)
	case service == "sts" && kind == "assumed-role":
		i := strings.LastIndexByte(name, '/')
		if i < 0 || !isName(name) {
			return false
		}
		a.Kind, a.Name, a.Session = Role, name[:i], name[i+1:]
		return true
	}
	return false
}

// isName reports whether each part of a name with a path has something in it.
func isName(name string) bool {
	return nameForm.MatchString(name) && name[0] != '/' && name[len(name)-1] != '/' && !strings.Contains(name, "//")
}

// String returns the canonical form: that of a role's session is the role's, without
// the session. AWS does not tell of a session where the role's path was, so it is not
// in there either.
func (a ARN) String() string {
	service := "iam"
	if a.Kind == FederatedUser {
		service = "sts"
	}
	text := "arn:" + a.Partition + ":" + service + "::" + a.Account + ":" + a.Kind
	if a.Kind == Root {
		return text
	}
	return text + "/" + a.Name
}
