"""The same two calls with FastAPI, pydantic and SQLAlchemy, on the tables created by the Django peer."""
import base64
import datetime
import hashlib
import hmac
import os
import uuid
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from sqlalchemy import ForeignKey, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, joinedload, mapped_column, relationship, sessionmaker

SECRET = os.environ["SECRET_KEY"]


def engine_of(url):
    # Plain `postgresql:` would select psycopg 2.
    return create_engine(url.replace("postgresql://", "postgresql+psycopg://"), pool_size=20)


sessions = sessionmaker(engine_of(os.environ["DATABASE_URL"]))


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users_user"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    email: Mapped[str]
    password: Mapped[str]
    first_name: Mapped[str]
    last_name: Mapped[str]
    role: Mapped[str]
    is_active: Mapped[bool]

    @property
    def full_name(self):
        return f"{self.first_name} {self.last_name}".strip()


class Case(Base):
    __tablename__ = "cases_case"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    created_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users_user.id"))
    patient_id: Mapped[str]
    age: Mapped[int | None]
    sex: Mapped[str | None]
    status: Mapped[str]
    scan_date: Mapped[datetime.date | None]
    field_strength: Mapped[str | None]
    scanner_type: Mapped[str]
    clinical_history: Mapped[str]
    indication: Mapped[str]
    diagnosis: Mapped[str]
    priority: Mapped[str]
    notes: Mapped[str]
    created_at: Mapped[datetime.datetime]
    updated_at: Mapped[datetime.datetime]
    completed_at: Mapped[datetime.datetime | None]
    author: Mapped[User] = relationship()

    @property
    def case_id(self):
        return self.id

    @property
    def created_by(self):
        return self.author.full_name


class CaseOut(BaseModel):
    model_config = ConfigDict(from_attributes=True, alias_generator=to_camel, populate_by_name=True)
    case_id: uuid.UUID
    patient_id: str
    created_by: str
    status: str
    age: int | None
    sex: str | None
    scan_date: datetime.date | None
    field_strength: str | None
    scanner_type: str
    clinical_history: str
    indication: str
    diagnosis: str
    priority: str
    notes: str
    created_at: datetime.datetime
    updated_at: datetime.datetime
    completed_at: datetime.datetime | None


class CasePage(BaseModel):
    count: int
    next: str | None
    previous: str | None
    results: list[CaseOut]


class Login(BaseModel):
    email: str
    password: str


class Tokens(BaseModel):
    access: str


app = FastAPI()
bearer = HTTPBearer()


def session():
    with sessions() as opened:
        yield opened


Database = Annotated[Session, Depends(session)]


def current_user(database: Database, token: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> User:
    try:
        claims = jwt.decode(token.credentials, SECRET, algorithms=["HS256"])
    except jwt.InvalidTokenError as error:
        raise HTTPException(401, "The token is not valid.") from error
    user = database.get(User, uuid.UUID(claims["sub"]))
    if user is None or not user.is_active:
        raise HTTPException(401, "The user is not active.")
    return user


@app.post("/api/users/login/")
def login(form: Login, database: Database) -> Tokens:
    user = database.scalar(select(User).where(User.email == form.email))
    if user is None or not is_password(form.password, user.password):
        raise HTTPException(401, "Invalid credentials")
    expiry = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=60)
    return Tokens(access=jwt.encode({"sub": str(user.id), "exp": expiry}, SECRET, algorithm="HS256"))


def is_password(password, stored):
    """Django's `pbkdf2_sha256$rounds$salt$hash`."""
    _, rounds, salt, digest = stored.split("$")
    found = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), int(rounds))
    return hmac.compare_digest(base64.b64encode(found).decode(), digest)


@app.get("/api/cases/")
def cases(request: Request, database: Database, user: Annotated[User, Depends(current_user)],
          page: Annotated[int, Query(ge=1)] = 1) -> CasePage:
    count = database.scalar(select(func.count()).select_from(Case))
    rows = database.scalars(
        select(Case).options(joinedload(Case.author, innerjoin=True)).order_by(Case.created_at.desc())
        .limit(25).offset((page - 1) * 25)).all()
    here = request.url
    return CasePage(
        count=count, next=str(here.include_query_params(page=page + 1)) if page * 25 < count else None,
        previous=str(here.include_query_params(page=page - 1)) if page > 1 else None,
        results=[CaseOut.model_validate(row) for row in rows])
